import { bytesToNumberLE } from '@noble/curves/utils.js';
import { ml_kem768_x25519 as xwing } from '@noble/post-quantum/hybrid.js';
import { wipe } from '../bytes.ts';
import { must, TwinlockError } from '../errors.ts';
import type { RandomBytes } from '../random.ts';

/** X-Wing (draft-connolly-cfrg-xwing-kem): ML-KEM-768 and X25519; safe as long as one of them is. */
export const KEM_SEED_BYTES = 32;
export const KEM_PUBLIC_KEY_BYTES = 1216;
export const ENCAPSULATION_BYTES = 1120;
export const SHARED_SECRET_BYTES = 32;
const ENCAPSULATION_RANDOM_BYTES = 64;
/** The public key is that of ML-KEM (1,184 bytes), then that of X25519. */
const X25519_OFFSET = 1184;
const X25519_PRIME = 2n ** 255n - 19n;

/** `seed` is the private key, 32 bytes; `publicKey` is 1,216 bytes. */
export interface KemKeyPair {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The key pair whose private key is the seed itself, 32 bytes; throws `invalid_key` for another length. */
export function kemKeyPairFromSeed(seed: Uint8Array): KemKeyPair {
  checkSeed(seed);
  return { seed, publicKey: xwing.getPublicKey(seed) };
}

/**
 * Returns the public key (attacker-controlled) when it can be sealed to; throws `invalid_key` otherwise: not
 * 1,216 bytes, ML-KEM coefficients not below the modulus (FIPS 203 section 7.2), an X25519 coordinate that is
 * not below the prime, or a point of small order. A key so has one spelling, which is what its digest stands
 * for. Costs as much as a seal: the library checks by encapsulating.
 */
export function checkKemPublicKey(publicKey: Uint8Array): Uint8Array {
  encapsulateWith(publicKey, new Uint8Array(ENCAPSULATION_RANDOM_BYTES));
  return publicKey;
}

/** A shared secret of 32 bytes and its encapsulation, 1,120 bytes. Throws `invalid_key` as `checkKemPublicKey`. */
export function encapsulate(
  publicKey: Uint8Array,
  random: RandomBytes,
): { readonly sharedSecret: Uint8Array; readonly encapsulation: Uint8Array } {
  const seed = random(ENCAPSULATION_RANDOM_BYTES);
  must(seed.length === ENCAPSULATION_RANDOM_BYTES, 'internal', `expected 64 random bytes, got ${seed.length}`);
  try {
    return encapsulateWith(publicKey, seed);
  } finally {
    wipe(seed);
  }
}

/**
 * The shared secret, 32 bytes. An encapsulation (attacker-controlled) for another key, or an altered one, gives
 * an unrelated secret: ML-KEM rejects implicitly. Throws `envelope_invalid` for a wrong length or an X25519 point
 * of small order, `invalid_key` for a seed that is not 32 bytes.
 */
export function decapsulate(seed: Uint8Array, encapsulation: Uint8Array): Uint8Array {
  checkSeed(seed);
  try {
    return xwing.decapsulate(encapsulation, seed);
  } catch {
    throw new TwinlockError('envelope_invalid', 'the encapsulation is not one of X-Wing');
  }
}

function encapsulateWith(publicKey: Uint8Array, seed: Uint8Array) {
  must(
    publicKey.length === KEM_PUBLIC_KEY_BYTES,
    'invalid_key',
    `expected a KEM key of ${KEM_PUBLIC_KEY_BYTES} bytes, got ${publicKey.length}`,
  );
  must(
    bytesToNumberLE(publicKey.subarray(X25519_OFFSET)) < X25519_PRIME,
    'invalid_key',
    'expected a canonical X25519 key',
  );
  try {
    const { sharedSecret, cipherText } = xwing.encapsulate(publicKey, seed);
    return { sharedSecret, encapsulation: cipherText };
  } catch {
    throw new TwinlockError('invalid_key', 'expected a KEM key that can be encapsulated to');
  }
}

/** Throws `invalid_key` unless it is 32 bytes long. */
export function checkSeed(seed: Uint8Array): void {
  must(seed.length === KEM_SEED_BYTES, 'invalid_key', `expected a seed of ${KEM_SEED_BYTES} bytes, got ${seed.length}`);
}
