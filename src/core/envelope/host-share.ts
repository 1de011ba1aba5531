import { type Hex, u8, u32 } from '../bytes.ts';
import { frame } from '../frame.ts';
import type { RandomBytes } from '../random.ts';
import type { Share } from '../share/share.ts';
import { digestField, keyField } from './fields.ts';
import { openShare, sealShare } from './sealed-share.ts';
import type { KemKeyPair } from './xwing.ts';

/**
 * The context to which a share for a host is bound. All of it comes from the approved release statement, none from the
 * sender.
 */
export interface HostShareBinding {
  /** The vault fingerprint. */
  readonly vault: Hex;
  /** SHA-256 of the release statement. */
  readonly statement: Hex;
  /** SHA-256 of the host's evidence, as the statement names it. */
  readonly evidence: Hex;
  /** The committee's epoch, 32 bits. */
  readonly epoch: number;
}

/**
 * Seals a custodian's share to the one-time key of an attested host: 1,202 bytes (formats, "Envelopes"). Throws
 * `invalid_key`, `invalid_index`, `invalid_scalar`, and `malformed` for a field that does not fit.
 */
export async function sealHostShare(
  envelope: HostShareBinding,
  publicKey: Uint8Array,
  share: Share,
  random: RandomBytes,
): Promise<Uint8Array> {
  return sealShare(publicKey, infoOf(envelope, share.index, publicKey), share, random);
}

/**
 * Opens the share (attacker-controlled) of the custodian with this index. Throws `envelope_invalid`,
 * `invalid_index`, `invalid_scalar`, `unsupported_version`. The share is still to be verified.
 */
export async function openHostShare(
  envelope: HostShareBinding,
  index: number,
  keys: KemKeyPair,
  sealed: Uint8Array,
): Promise<Share> {
  return openShare(keys.seed, infoOf(envelope, index, keys.publicKey), index, sealed);
}

function infoOf(
  { vault, statement, evidence, epoch }: HostShareBinding,
  index: number,
  publicKey: Uint8Array,
): Uint8Array {
  return frame(
    'twinlock/v1/release',
    digestField('vault', vault),
    digestField('statement', statement),
    keyField(publicKey),
    digestField('evidence', evidence),
    u32(epoch),
    u8(index),
  );
}
