import { readFileSync } from 'node:fs';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import {
  commit,
  decodePoint,
  decodeScalar,
  encodeScalar,
  H,
  H_HEX,
  Scalars,
  uniformScalar,
} from '../../../src/core/share/group.ts';
import { vectorPath, vectorTest } from '../../vectors.ts';
import { seededRandom } from '../seeded-random.ts';

const code = (code: string) => expect.objectContaining({ code });

interface Rfc9496 {
  small_multiples_of_generator: string[];
  invalid_encodings: string[];
}
const rfc9496 = (): Rfc9496 =>
  JSON.parse(readFileSync(vectorPath('crypto/ristretto255/rfc9496-ristretto255.json'), 'utf8'));

test('H is the hash to the group that the formats name', () => {
  const derived = ristretto255_hasher.hashToCurve(utf8ToBytes('twinlock/v1/pedersen-vss/H'), {
    DST: 'twinlock/v1-ristretto255_XMD:SHA-512_R255MAP_RO_',
  });
  expect(derived.toHex()).toBe(H_HEX);
  expect(H.equals(derived)).toBe(true);
});

describe('points', () => {
  vectorTest('reads the multiples of the generator of RFC 9496, and refuses the identity among them', () => {
    const { small_multiples_of_generator: multiples } = rfc9496();
    expect(multiples).toHaveLength(16);
    for (const [k, hex] of multiples.entries()) {
      if (k === 0) {
        expect(() => decodePoint(fromHex(hex))).toThrow(code('invalid_point'));
        continue;
      }
      const point = decodePoint(fromHex(hex));
      expect(point.equals(commit(BigInt(k), 0n, H))).toBe(true);
      expect(toHex(point.toBytes())).toBe(hex);
    }
  });

  vectorTest('refuses every invalid encoding of RFC 9496', () => {
    const { invalid_encodings: encodings } = rfc9496();
    expect(encodings).toHaveLength(29);
    for (const hex of encodings) expect(() => decodePoint(fromHex(hex)), hex).toThrow(code('invalid_point'));
  });

  test('refuses the identity', () => {
    expect(() => decodePoint(new Uint8Array(32))).toThrow(code('invalid_point'));
  });

  test('refuses a point that is not 32 bytes', () => {
    const bytes = ristretto255.Point.BASE.toBytes();
    for (const length of [0, 31]) expect(() => decodePoint(bytes.slice(0, length))).toThrow(code('invalid_point'));
    expect(() => decodePoint(new Uint8Array([...bytes, 0]))).toThrow(code('invalid_point'));
  });

  test('commits to zero, alone and together', () => {
    expect(commit(0n, 1n, H).equals(H)).toBe(true);
    expect(commit(1n, 0n, H).equals(ristretto255.Point.BASE)).toBe(true);
    expect(commit(0n, 0n, H).is0()).toBe(true);
  });
});

describe('scalars', () => {
  test('refuses a scalar that is the order of the group, or above it', () => {
    const order = Uint8Array.from(fromHex(Scalars.ORDER.toString(16).padStart(64, '0'))).reverse();
    expect(() => decodeScalar(order)).toThrow(code('invalid_scalar'));
    expect(() => decodeScalar(new Uint8Array(32).fill(255))).toThrow(code('invalid_scalar'));
    expect(decodeScalar(encodeScalar(Scalars.ORDER - 1n))).toBe(Scalars.ORDER - 1n);
    expect(decodeScalar(new Uint8Array(32))).toBe(0n);
  });

  test('refuses a scalar that is not 32 bytes', () => {
    for (const length of [0, 31, 33]) {
      expect(() => decodeScalar(new Uint8Array(length))).toThrow(code('invalid_scalar'));
    }
  });

  test('takes 64 uniform bytes, little-endian, modulo the order', () => {
    expect(uniformScalar(() => new Uint8Array(64))).toBe(0n);
    expect(uniformScalar(() => new Uint8Array(64).fill(255))).toBe((2n ** 512n - 1n) % Scalars.ORDER);
    expect(uniformScalar(() => Uint8Array.from({ length: 64 }, (_, i) => (i === 1 ? 1 : 0)))).toBe(256n);
  });

  test('refuses a source of randomness that returns too little', () => {
    expect(() => uniformScalar(() => new Uint8Array(32))).toThrow(code('internal'));
    expect(uniformScalar(seededRandom('scalar'))).toBeGreaterThan(0n);
  });
});
