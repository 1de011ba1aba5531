import { ristretto255 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { wipe } from '../bytes.ts';
import { must } from '../errors.ts';
import type { RandomBytes } from '../random.ts';
import { orNull } from '../refusal.ts';

/** The group of RFC 9496; every element but the identity generates it. */
const { Point } = ristretto255;

/** Integers modulo ℓ, the order of the group. */
export const Scalars: typeof ristretto255.Point.Fn = Point.Fn;
export type GroupPoint = InstanceType<typeof ristretto255.Point>;
export const IDENTITY: GroupPoint = Point.ZERO;

export const SCALAR_BYTES = 32;
const POINT_BYTES = 32;
/** Uniform bytes that become a scalar: twice its length, so that the bias modulo ℓ is below 2⁻²⁵⁶. */
const UNIFORM_BYTES = 64;

/**
 * The second generator. Its discrete logarithm is not known to anyone: hash_to_ristretto255 (RFC 9380) of
 * "twinlock/v1/pedersen-vss/H" under the tag "twinlock/v1-ristretto255_XMD:SHA-512_R255MAP_RO_".
 */
export const H_HEX = '7aa950633134e736fe79bb546b90ca21288b0522254cfe3986fa2a8239b19757';
export const H: GroupPoint = Point.fromHex(H_HEX);

/** A scalar uniform modulo ℓ, zero included: leaving zero out would tell something about every share. */
export function uniformScalar(random: RandomBytes): bigint {
  const bytes = random(UNIFORM_BYTES);
  must(bytes.length === UNIFORM_BYTES, 'internal', `expected ${UNIFORM_BYTES} random bytes, got ${bytes.length}`);
  const scalar = Scalars.create(bytesToNumberLE(bytes));
  wipe(bytes);
  return scalar;
}

/** 32 bytes, little-endian, below ℓ (attacker-controlled); throws `invalid_scalar` for anything else. */
export function decodeScalar(bytes: Uint8Array): bigint {
  const isScalar = bytes.length === SCALAR_BYTES && bytesToNumberLE(bytes) < Scalars.ORDER;
  must(isScalar, 'invalid_scalar', 'expected 32 bytes, little-endian, below the group order');
  return Scalars.fromBytes(bytes);
}

export function encodeScalar(scalar: bigint): Uint8Array {
  return Scalars.toBytes(scalar);
}

/**
 * 32 bytes, the canonical encoding of an element (attacker-controlled). Throws `invalid_point` for anything
 * else and for the identity, which 32 zero bytes decode to: it commits to nothing.
 */
export function decodePoint(bytes: Uint8Array): GroupPoint {
  const point = bytes.length === POINT_BYTES ? orNull(Error, () => Point.fromBytes(bytes)) : null;
  const isUsable = point !== null && !point.is0();
  must(isUsable, 'invalid_point', 'expected a canonical ristretto255 element other than the identity');
  return point;
}

/** aG + bH for secret a and b: by the library's constant-time multiplication. */
export function commit(a: bigint, b: bigint, h: GroupPoint): GroupPoint {
  return multiplySecret(Point.BASE, a).add(multiplySecret(h, b));
}

/** The library refuses to multiply by zero, which a uniform scalar is once in 2²⁵². */
function multiplySecret(point: GroupPoint, scalar: bigint): GroupPoint {
  return scalar === 0n ? IDENTITY : point.multiply(scalar);
}
