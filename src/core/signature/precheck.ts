import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { equal } from '../bytes.ts';
import { must } from '../errors.ts';
import { orNull } from '../refusal.ts';
import type { SignatureAlgorithm, SignatureClaim } from './claim.ts';
import { type KeyFamily, keyFamilyOf } from './key-family.ts';
import { rsaModulusBytes } from './rsa.ts';

const CURVES = { 'P-256': p256, 'P-384': p384 } as const;
/** The canonical encoding of the identity: x = 0, y = 1. */
const IDENTITY: Uint8Array = ed25519.Point.ZERO.toBytes();
/** The first byte of an uncompressed point (SEC 1 section 2.3.3). */
const UNCOMPRESSED = 0x04;

/**
 * Refuses what verifiers are known to disagree about, before any of them is asked, so that the platform's
 * and the reference's answer are the same for every claim (design: formats, "Signatures"). Attacker-controlled
 * input; says nothing about whether the signature is true.
 *
 * Throws as `requirePublicKey`, and `signature_invalid` for a signature of the wrong length, an Ed25519 R that
 * is not the canonical encoding of a point of prime order, S ≥ ℓ, or r or s outside [1, n − 1].
 */
export function precheck(claim: SignatureClaim): void {
  requirePublicKey(claim.algorithm, claim.publicKey);
  requireSoundSignature(claim);
}

/**
 * Checks a public key as the claim table encodes it: see `requireKeyOfFamily`, whose codes it throws, and
 * `unsupported_algorithm`.
 */
export function requirePublicKey(algorithm: SignatureAlgorithm, publicKey: Uint8Array): void {
  requireKeyOfFamily(keyFamilyOf(algorithm), publicKey);
}

/**
 * Checks a public key as the claim table encodes it. Ed25519: the canonical encoding of a point of prime
 * order; P-256 and P-384: a point of the curve, uncompressed; RSA: see `rsaModulusBytes`. Throws `invalid_key`,
 * or `malformed` (RSA).
 */
export function requireKeyOfFamily(family: KeyFamily, publicKey: Uint8Array): void {
  switch (family) {
    case 'Ed25519':
      must(isPrimeOrderPoint(publicKey), 'invalid_key', 'expected an Ed25519 key of prime order, canonically encoded');
      return;
    case 'P-256':
    case 'P-384':
      must(isUncompressedPoint(family, publicKey), 'invalid_key', `expected an uncompressed point of ${family}`);
      return;
    case 'RSA':
      rsaModulusBytes(publicKey);
  }
}

/** The other half of `precheck`, for a caller that has checked this public key before. */
export function requireSoundSignature(claim: SignatureClaim): void {
  requireSignatureForm(claim);
  if (claim.algorithm !== 'Ed25519') return;
  const isPrimeOrder = isPrimeOrderPoint(claim.signature.subarray(0, 32));
  must(isPrimeOrder, 'signature_invalid', `${claim.what}: R is not a point of prime order`);
}

/**
 * `requireSoundSignature` without the order of an Ed25519 R, which costs ten times the verification itself. For a
 * verifier that computes [S]B − [k]A, encodes it and compares the bytes with R, as OpenSSL's does: with A of
 * prime order, what it computes is of prime order and canonical, so an R that is not never compares equal. The
 * identity does, and is refused here. That no verdict differs is tested on all edge cases.
 */
export function requireSignatureForm(claim: SignatureClaim): void {
  const { algorithm, signature, what } = claim;
  const family = keyFamilyOf(algorithm);
  switch (family) {
    case 'Ed25519':
      requireLength(signature, 64, what);
      must(!equal(signature.subarray(0, 32), IDENTITY), 'signature_invalid', `${what}: R is the identity`);
      must(isScalar(signature.subarray(32)), 'signature_invalid', `${what}: S is not below the group order`);
      return;
    case 'P-256':
    case 'P-384': {
      const { Fn } = CURVES[family].Point;
      requireLength(signature, 2 * Fn.BYTES, what);
      for (const half of [signature.subarray(0, Fn.BYTES), signature.subarray(Fn.BYTES)]) {
        must(Fn.isValidNot0(Fn.fromBytes(half, true)), 'signature_invalid', `${what}: r or s is outside [1, n - 1]`);
      }
      return;
    }
    case 'RSA':
      requireLength(signature, rsaModulusBytes(claim.publicKey), what);
  }
}

function isPrimeOrderPoint(bytes: Uint8Array): boolean {
  if (bytes.length !== IDENTITY.length || yOf(bytes) >= ed25519.Point.Fp.ORDER) return false;
  // Refused: not on the curve, or x of 0 with the sign bit.
  const point = orNull(Error, () => ed25519.Point.fromBytes(bytes, false));
  return point !== null && !point.is0() && point.isTorsionFree();
}

/** What an encoding of 32 bytes says but for its highest bit, which is the sign of x. */
function yOf(bytes: Uint8Array): bigint {
  return bytesToNumberLE(bytes) & ((1n << 255n) - 1n);
}

function isScalar(bytes: Uint8Array): boolean {
  const { Fn } = ed25519.Point;
  return Fn.isValid(Fn.fromBytes(bytes, true));
}

function isUncompressedPoint(family: keyof typeof CURVES, bytes: Uint8Array): boolean {
  const { Point } = CURVES[family];
  if (bytes[0] !== UNCOMPRESSED || bytes.length !== 1 + 2 * Point.Fp.BYTES) return false;
  // Refused: a coordinate not below the field's prime, or not on the curve.
  const point = orNull(Error, () => {
    const read = Point.fromBytes(bytes);
    read.assertValidity();
    return read;
  });
  return point !== null;
}

function requireLength(signature: Uint8Array, expectedBytes: number, what: string): void {
  const message = `${what}: expected a signature of ${expectedBytes} bytes, got ${signature.length}`;
  must(signature.length === expectedBytes, 'signature_invalid', message);
}
