import { type Hex, u8, u32 } from '../bytes.ts';
import { frame } from '../frame.ts';
import type { RandomBytes } from '../random.ts';
import type { SubShare } from '../share/redistribution.ts';
import { requireIndex } from '../share/share.ts';
import { digestField, keyField } from './fields.ts';
import { openShare, sealShare } from './sealed-share.ts';
import type { KemKeyPair } from './xwing.ts';

/** The context to which the sub-shares of one redistribution are bound. */
export interface SubShareEnvelope {
  /** The vault fingerprint. */
  readonly vault: Hex;
  /** Names this run of the redistribution, 32 bytes. */
  readonly transcript: Hex;
  /** The epoch of the committee that deals, 32 bits. */
  readonly oldEpoch: number;
}

/**
 * Seals a dealer's sub-share to its recipient: 1,202 bytes (formats, "Envelopes"). Throws `invalid_key`,
 * `invalid_index`, `invalid_scalar`, and `malformed` for a field that does not fit.
 */
export async function sealSubShare(
  envelope: SubShareEnvelope,
  publicKey: Uint8Array,
  { dealer, share }: SubShare,
  random: RandomBytes,
): Promise<Uint8Array> {
  return sealShare(publicKey, infoOf(envelope, dealer, share.index, publicKey), share, random);
}

/**
 * Opens the sub-share (attacker-controlled) from `dealer` to `recipient`, whose keys these are. Throws
 * `envelope_invalid`, `invalid_index`, `invalid_scalar`, `unsupported_version`. It is still to be verified.
 */
export async function openSubShare(
  envelope: SubShareEnvelope,
  { dealer, recipient }: { readonly dealer: number; readonly recipient: number },
  keys: KemKeyPair,
  sealed: Uint8Array,
): Promise<SubShare> {
  const info = infoOf(envelope, dealer, recipient, keys.publicKey);
  return { dealer, share: await openShare(keys.seed, info, recipient, sealed) };
}

function infoOf(
  { vault, transcript, oldEpoch }: SubShareEnvelope,
  dealer: number,
  recipient: number,
  publicKey: Uint8Array,
): Uint8Array {
  requireIndex(dealer);
  return frame(
    'twinlock/v1/subshare',
    digestField('vault', vault),
    digestField('transcript', transcript),
    u32(oldEpoch),
    u8(dealer),
    u8(recipient),
    keyField(publicKey),
  );
}
