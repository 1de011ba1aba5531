import { bytesToNumberLE } from '@noble/curves/utils.js';
import { ml_kem768_x25519 as xwing } from '@noble/post-quantum/hybrid.js';
import { wipe } from '../bytes.ts';
import { must } from '../errors.ts';
import type { RandomBytes } from '../random.ts';
import { orNull } from '../refusal.ts';

/** X-Wing (draft-connolly-cfrg-xwing-kem): ML-KEM-768 and X25519; safe as long as one of them is. */
export const KEM_SEED_BYTES = 32;
export const KEM_PUBLIC_KEY_BYTES = 1216;
export const ENCAPSULATION_BYTES = 1120;
export const SHARED_SECRET_BYTES = 32;
const ENCAPSULATION_RANDOM_BYTES = 64;
/** The public key is that of ML-KEM (1,184 bytes), then that of X25519. */
const X25519_OFFSET = 1184;
const X25519_PRIME = 2n ** 255n - 19n;
/** u-coordinates of the points whose order divides 8, of the curve and of its twist (RFC 7748 section 6.1). */
const SMALL_ORDER: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  X25519_PRIME - 1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
]);
/** Three polynomials of 256 coefficients; a seed of 32 bytes, which is anything, follows them. */
const ML_KEM_VECTOR_BYTES = 1152;
const ML_KEM_MODULUS = 3329;

/** `seed` is the private key, 32 bytes; `publicKey` is 1,216 bytes. */
export interface KemKeyPair {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The key pair whose private key is the seed itself, 32 bytes; throws `invalid_key` for another length. */
export function kemKeyPairFromSeed(seed: Uint8Array): KemKeyPair {
  requireSeed(seed);
  return { seed, publicKey: xwing.getPublicKey(seed) };
}

/**
 * Returns the public key (attacker-controlled) when it can be sealed to; throws `invalid_key` otherwise: not
 * 1,216 bytes, ML-KEM coefficients not below the modulus (FIPS 203 section 7.2), an X25519 coordinate that is
 * not below the prime, or a point of small order. A key so has one spelling, which is what its digest stands
 * for. Checked without encapsulating, which costs a thousand times as much; that both agree is tested.
 */
export function checkKemPublicKey(publicKey: Uint8Array): Uint8Array {
  const { length } = publicKey;
  must(
    length === KEM_PUBLIC_KEY_BYTES,
    'invalid_key',
    `expected a KEM key of ${KEM_PUBLIC_KEY_BYTES} bytes, got ${length}`,
  );
  must(areReduced(publicKey.subarray(0, ML_KEM_VECTOR_BYTES)), 'invalid_key', 'expected a reduced ML-KEM key');
  const coordinate = bytesToNumberLE(publicKey.subarray(X25519_OFFSET));
  must(coordinate < X25519_PRIME, 'invalid_key', 'expected a canonical X25519 key');
  must(!SMALL_ORDER.has(coordinate), 'invalid_key', 'expected an X25519 key that is not of small order');
  return publicKey;
}

/** Coefficients of 12 bits, two in three bytes, little-endian (FIPS 203 algorithm 6). */
function areReduced(vector: Uint8Array): boolean {
  for (let i = 0; i < vector.length; i += 3) {
    const pair = (vector[i] ?? 0) | ((vector[i + 1] ?? 0) << 8) | ((vector[i + 2] ?? 0) << 16);
    if ((pair & 0xfff) >= ML_KEM_MODULUS || pair >>> 12 >= ML_KEM_MODULUS) return false;
  }
  return true;
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
  requireSeed(seed);
  const isSized = encapsulation.length === ENCAPSULATION_BYTES;
  const sharedSecret = isSized ? orNull(Error, () => xwing.decapsulate(encapsulation, seed)) : null;
  must(sharedSecret !== null, 'envelope_invalid', 'the encapsulation is not one of X-Wing');
  return sharedSecret;
}

function encapsulateWith(publicKey: Uint8Array, seed: Uint8Array) {
  checkKemPublicKey(publicKey);
  const made = orNull(Error, () => xwing.encapsulate(publicKey, seed));
  must(made !== null, 'invalid_key', 'expected a KEM key that can be encapsulated to');
  return { sharedSecret: made.sharedSecret, encapsulation: made.cipherText };
}

/** Throws `invalid_key` unless it is 32 bytes long. */
export function requireSeed(seed: Uint8Array): void {
  must(seed.length === KEM_SEED_BYTES, 'invalid_key', `expected a seed of ${KEM_SEED_BYTES} bytes, got ${seed.length}`);
}
