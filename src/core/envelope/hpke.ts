import { CipherSuite, DecapError, EncapError, OpenError } from 'hpke';
import { concat } from '../bytes.ts';
import { must, TwinlockError } from '../errors.ts';
import type { RandomBytes } from '../random.ts';
import { unlessRefusedLater } from '../refusal.ts';
import { aes256Gcm, hkdfSha256, type XWingKey, xwingKem, xwingPrivateKey, xwingPublicKey } from './suite.ts';
import { ENCAPSULATION_BYTES, requireSeed } from './xwing.ts';

/** The encapsulation and the tag: what a sealed message is longer than its plaintext. */
export const SEAL_OVERHEAD_BYTES: number = ENCAPSULATION_BYTES + 16;

/** Opening draws no randomness, and this suite has none to give. */
const OPENING_SUITE = new CipherSuite<XWingKey>(() => xwingKem(noRandomness), hkdfSha256, aes256Gcm);

/**
 * HPKE (RFC 9180) base mode, single shot, AAD empty, suite 0x647a, 0x0001, 0x0002. Returns encapsulation
 * (1,120 bytes) ‖ ciphertext ‖ tag (16 bytes). `info` is a frame; the wrappers in this folder build it. Says
 * nothing of who sealed. Throws `invalid_key` for a public key that `checkKemPublicKey` refuses.
 */
export async function seal(
  publicKey: Uint8Array,
  info: Uint8Array,
  plaintext: Uint8Array,
  random: RandomBytes,
): Promise<Uint8Array> {
  const suite = new CipherSuite<XWingKey>(() => xwingKem(random), hkdfSha256, aes256Gcm);
  const seal = async () => {
    const { encapsulatedSecret, ciphertext } = await suite.Seal(xwingPublicKey(publicKey), plaintext, { info });
    return concat(encapsulatedSecret, ciphertext);
  };
  return unlessRefusedLater(EncapError, seal, (error) => {
    // The library wraps what its KEM throws.
    throw error.cause instanceof TwinlockError ? error.cause : error;
  });
}

/**
 * Opens what `seal` made for the key of this seed under the same info. `sealed` is attacker-controlled: wrong
 * key, wrong info, any altered or missing byte are one and the same `envelope_invalid`. `invalid_key` for a seed
 * that is not 32 bytes.
 */
export async function open(seed: Uint8Array, info: Uint8Array, sealed: Uint8Array): Promise<Uint8Array> {
  requireSeed(seed);
  must(
    sealed.length >= SEAL_OVERHEAD_BYTES,
    'envelope_invalid',
    `expected at least ${SEAL_OVERHEAD_BYTES} bytes, got ${sealed.length}`,
  );
  const encapsulation = sealed.subarray(0, ENCAPSULATION_BYTES);
  const ciphertext = sealed.subarray(ENCAPSULATION_BYTES);
  const refuse = (): never => {
    throw new TwinlockError('envelope_invalid', 'the envelope is not for this key and purpose, or is altered');
  };
  const open = () => OPENING_SUITE.Open(xwingPrivateKey(seed), encapsulation, ciphertext, { info });
  return unlessRefusedLater(DecapError, () => unlessRefusedLater(OpenError, open, refuse), refuse);
}

function noRandomness(): never {
  throw new TwinlockError('internal', 'opening draws no randomness');
}
