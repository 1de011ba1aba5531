import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { concat, equal, fromHex } from '../core/bytes.ts';
import { orNull } from '../core/refusal.ts';
import { PRIME_ORDER_FACTOR, uCoordinate } from '../core/signature/montgomery.ts';

/** The bytes before an X25519 key in its PKCS #8 and SubjectPublicKeyInfo (RFC 8410). */
const PRIVATE_PREFIX = fromHex('302e020100300506032b656e04220420');
const PUBLIC_PREFIX = fromHex('302a300506032b656e032100');

const FACTOR = createPrivateKey({
  key: Buffer.from(concat(PRIVATE_PREFIX, PRIME_ORDER_FACTOR)),
  format: 'der',
  type: 'pkcs8',
});

/**
 * Whether bytes (attacker-controlled) are the canonical encoding of a point of edwards25519 of prime order: what the
 * core's `requirePublicKey` says, in a tenth of the time. OpenSSL multiplies, once.
 */
export function isPrimeOrderPoint(bytes: Uint8Array): boolean {
  const u = uCoordinate(bytes);
  // OpenSSL throws where the product is 0, that of every point whose order divides 8.
  const product = u && orNull(Error, () => multiply(u));
  return u !== null && product !== null && equal(product, u);
}

/** 32 bytes. */
function multiply(u: Uint8Array): Uint8Array {
  const key = Buffer.from(concat(PUBLIC_PREFIX, u));
  const publicKey = createPublicKey({ key, format: 'der', type: 'spki' });
  return new Uint8Array(diffieHellman({ privateKey: FACTOR, publicKey }));
}
