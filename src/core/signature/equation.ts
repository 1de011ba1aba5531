import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { bytesToNumberBE, bytesToNumberLE } from '@noble/curves/utils.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { concat, equal } from '../bytes.ts';
import type { SignatureClaim } from './claim.ts';

/**
 * The equations of verification, computed with the library's points and not by its `verify`: that function answers
 * false for every error inside it, also for an overflow of the stack. An engine's error must not become a verdict, so
 * these functions throw it. The caller has called `precheck` before: points and scalars are in their ranges.
 */
type Claimed = Pick<SignatureClaim, 'publicKey' | 'message' | 'signature'>;

const ECDSA = {
  ES256: { curve: p256, hash: sha256 },
  ES384: { curve: p384, hash: sha384 },
} as const;

/** RFC 8032 section 5.1.7, without the cofactor: of points of prime order both forms say the same. */
export function holdsEd25519({ publicKey, message, signature }: Claimed): boolean {
  const { BASE, Fn } = ed25519.Point;
  const [r, s] = [signature.subarray(0, 32), bytesToNumberLE(signature.subarray(32))];
  const k = Fn.create(bytesToNumberLE(sha512(concat(r, publicKey, message))));
  const key = ed25519.Point.fromBytes(publicKey, false);
  return equal(BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(k)).toBytes(), r);
}

/** FIPS 186-5 section 6.4.2; the hash is as long as the order of the group. Either form of s is taken. */
export function holdsEcdsa(algorithm: keyof typeof ECDSA, { publicKey, message, signature }: Claimed): boolean {
  const { curve, hash } = ECDSA[algorithm];
  const { BASE, Fn } = curve.Point;
  const [r, s] = [signature.subarray(0, Fn.BYTES), signature.subarray(Fn.BYTES)].map((half) => Fn.fromBytes(half));
  const inverse = Fn.inv(s ?? Fn.ZERO);
  const u1 = Fn.mul(Fn.create(bytesToNumberBE(hash(message))), inverse);
  const u2 = Fn.mul(r ?? Fn.ZERO, inverse);
  const point = BASE.multiplyUnsafe(u1).add(curve.Point.fromBytes(publicKey).multiplyUnsafe(u2));
  return !point.is0() && Fn.create(point.toAffine().x) === r;
}
