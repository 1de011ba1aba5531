import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { concat, fromHex } from '../../src/core/bytes.ts';
import { type KemKeyPair, requireSeed } from '../../src/core/envelope/xwing.ts';

/** The bytes before a seed in its PKCS #8 (RFC 8410, RFC 9935). */
const PKCS8_PREFIX = {
  Ed25519: fromHex('302e020100300506032b657004220420'),
  X25519: fromHex('302e020100300506032b656e04220420'),
  'ML-KEM-768': fromHex('3054020100300b060960864801650304040204428040'),
} as const;

/**
 * Keys of worlds by OpenSSL, several times as fast as the core's own arithmetic and the same bytes: a long log has a
 * hundred thousand of them.
 */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  return publicKeyOf(privateKey('Ed25519', seed), 32);
}

/** 64 bytes. */
export function ed25519Sign(message: Uint8Array, seed: Uint8Array): Uint8Array {
  return new Uint8Array(sign(null, message, privateKey('Ed25519', seed)));
}

/** As `kemKeyPairFromSeed`: X-Wing expands its seed to 64 bytes for ML-KEM and 32 for X25519. */
export function kemKeyPair(seed: Uint8Array): KemKeyPair {
  requireSeed(seed);
  const expanded = new Uint8Array(createHash('shake256', { outputLength: 96 }).update(seed).digest());
  const lattice = publicKeyOf(privateKey('ML-KEM-768', expanded.subarray(0, 64)), 1184);
  const curve = publicKeyOf(privateKey('X25519', expanded.subarray(64)), 32);
  return { seed, publicKey: concat(lattice, curve) };
}

function privateKey(algorithm: keyof typeof PKCS8_PREFIX, seed: Uint8Array): KeyObject {
  const key = Buffer.from(concat(PKCS8_PREFIX[algorithm], seed));
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** The last bytes of its SubjectPublicKeyInfo. */
function publicKeyOf(key: KeyObject, bytes: number): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-bytes));
}
