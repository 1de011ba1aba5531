import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';

const { Fp, Fn } = ed25519.Point;

/**
 * 5ℓ − 1, 32 bytes: X25519 takes it as it is, since it is a multiple of 8, has the bit 2^254, and is below 2^255.
 *
 * A point P of edwards25519 has prime order ℓ exactly where (5ℓ − 1)P has the u-coordinate of P, and that is not 0. For P
 * is Q + T, Q of the subgroup of order ℓ and T of order 1, 2, 4 or 8; 5ℓ − 1 is a multiple of 8 and −1 modulo ℓ, so
 * (5ℓ − 1)P is −Q; and −Q has the u-coordinate of P where Q = ±P, that is where T = 0. A u that is of no point of the
 * curve is of one of its twist, which has 4ℓ' points for another prime ℓ': there (5ℓ − 1)P = ±P holds for the neutral
 * point alone, since neither 5ℓ nor 5ℓ − 2 has a divisor in common with 4ℓ'.
 */
export const PRIME_ORDER_FACTOR: Uint8Array = numberToBytesLE(5n * Fn.ORDER - 1n, 32);

/**
 * The u-coordinate on curve25519 of what claims to be an encoding of a point of edwards25519 (attacker-controlled), 32
 * bytes; null where it is none, or that of the neutral point. Does not look whether there is a point with this y, nor at
 * the sign of x: the two points of one y are both of prime order or neither.
 */
export function uCoordinate(edwards: Uint8Array): Uint8Array | null {
  if (edwards.length !== Fp.BYTES) return null;
  const y = bytesToNumberLE(edwards) & ((1n << 255n) - 1n);
  if (y >= Fp.ORDER || y === 1n) return null;
  return Fp.toBytes(Fp.div(Fp.add(1n, y), Fp.sub(1n, y)));
}
