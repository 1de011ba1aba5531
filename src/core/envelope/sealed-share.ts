import { wipe } from '../bytes.ts';
import { must } from '../errors.ts';
import type { RandomBytes } from '../random.ts';
import { decodeShare, encodeShare, SHARE_PLAINTEXT_BYTES, type Share } from '../share/share.ts';
import { open, SEAL_OVERHEAD_BYTES, seal } from './hpke.ts';

/** A sealed share, for whomever: 1,202 bytes. */
export const SEALED_SHARE_BYTES: number = SEAL_OVERHEAD_BYTES + SHARE_PLAINTEXT_BYTES;

/** Seals one share under an info that a module of this folder has built. Throws `invalid_key`, `invalid_scalar`. */
export async function sealShare(
  publicKey: Uint8Array,
  info: Uint8Array,
  share: Share,
  random: RandomBytes,
): Promise<Uint8Array> {
  const plaintext = encodeShare(share);
  try {
    return await seal(publicKey, info, plaintext, random);
  } finally {
    wipe(plaintext);
  }
}

/**
 * Opens one share, which must be the one with the index that the caller expects. `sealed` is attacker-controlled:
 * its length is checked before anything else. Throws `envelope_invalid`; for what its sealer put in,
 * `unsupported_version`, `invalid_index` and `invalid_scalar`. The share is still to be verified.
 */
export async function openShare(seed: Uint8Array, info: Uint8Array, index: number, sealed: Uint8Array): Promise<Share> {
  must(
    sealed.length === SEALED_SHARE_BYTES,
    'envelope_invalid',
    `expected a sealed share of ${SEALED_SHARE_BYTES} bytes, got ${sealed.length}`,
  );
  const plaintext = await open(seed, info, sealed);
  try {
    const share = decodeShare(plaintext);
    must(share.index === index, 'invalid_index', `expected share ${index}, got ${share.index}`, { index });
    return share;
  } finally {
    wipe(plaintext);
  }
}
