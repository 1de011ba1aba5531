import type { Hex } from '../bytes.ts';
import { toHex } from '../bytes.ts';
import { frameDigest } from '../frame.ts';
import { decodePoint, type GroupPoint } from './group.ts';
import { requireThreshold } from './share.ts';

/**
 * Decodes the commitments of a dealing, 32 bytes each (attacker-controlled). Their number is the threshold.
 * Throws `invalid_threshold` when they are not 2 to 255, `invalid_point` for the identity or what does not decode.
 */
export function decodeCommitments(commitments: readonly Uint8Array[]): GroupPoint[] {
  requireThreshold(commitments.length);
  return commitments.map(decodePoint);
}

/**
 * What a statement names when it means one sharing: SHA-256 of frame("twinlock/v1/commitments", C₀ … Cₜ₋₁), hex.
 * Throws as `decodeCommitments`.
 */
export function commitmentsDigest(commitments: readonly Uint8Array[]): Hex {
  decodeCommitments(commitments);
  return toHex(frameDigest('twinlock/v1/commitments', ...commitments));
}
