import { type CBORType, encodeCBOR } from '@levischuck/tiny-cbor';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, toHex } from '../../../src/core/bytes.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { type CoseKey, encodeCoseKey, parseCoseKey } from '../../../src/core/signature/cose.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const { publicKey: point } = p256.keygen(new Uint8Array(48).fill(3));
const ES256: CoseKey = { algorithm: 'ES256', publicKey: p256.Point.fromBytes(point).toBytes(false) };
const EDDSA: CoseKey = { algorithm: 'Ed25519', publicKey: ed25519.getPublicKey(new Uint8Array(32).fill(3)) };
const KEYS = [ES256, EDDSA];
const [X, Y] = [ES256.publicKey.slice(1, 33), ES256.publicKey.slice(33)];
const ES256_MEMBERS: [number, CBORType][] = [
  [1, 2],
  [3, -7],
  [-1, 1],
  [-2, X],
  [-3, Y],
];
const EDDSA_MEMBERS: [number, CBORType][] = [
  [1, 1],
  [3, -8],
  [-1, 6],
  [-2, EDDSA.publicKey],
];
const mapOf = (...members: [number, CBORType][]): Uint8Array => encodeCBOR(new Map(members));

describe('a COSE_Key', () => {
  test('has one encoding, that of CTAP2', () => {
    expect(toHex(encodeCoseKey(ES256))).toBe(`a5010203262001215820${toHex(X)}225820${toHex(Y)}`);
    expect(toHex(encodeCoseKey(EDDSA))).toBe(`a4010103272006215820${toHex(EDDSA.publicKey)}`);
    for (const key of KEYS) expect(parseCoseKey(encodeCoseKey(key))).toEqual(key);
  });

  test('is refused cut short anywhere', () => {
    for (const bytes of KEYS.map(encodeCoseKey)) {
      for (let length = 0; length < bytes.length; length++) {
        expect(() => parseCoseKey(bytes.subarray(0, length)), String(length)).toThrow(TwinlockError);
      }
    }
  });

  test('with any byte changed is refused or another key', () => {
    for (const key of KEYS) {
      const bytes = encodeCoseKey(key);
      for (let i = 0; i < bytes.length; i++) {
        const changed = bytes.with(i, (bytes[i] ?? 0) ^ 1);
        try {
          expect(parseCoseKey(changed), String(i)).not.toEqual(key);
        } catch (error) {
          if (!(error instanceof TwinlockError)) throw error;
        }
      }
    }
  });

  test('is refused with bytes behind it', () => {
    for (const bytes of KEYS.map(encodeCoseKey)) {
      expect(() => parseCoseKey(concat(bytes, Uint8Array.of(0)))).toThrow(code('malformed'));
      expect(() => parseCoseKey(concat(bytes, new Uint8Array(2000)))).toThrow(code('malformed'));
    }
  });

  test('is refused with its members in another order, one more, or one twice', () => {
    const reversed = mapOf(...ES256_MEMBERS.toReversed());
    expect(() => parseCoseKey(reversed)).toThrow(code('not_canonical'));
    expect(() => parseCoseKey(mapOf(...EDDSA_MEMBERS, [-4, 1]))).toThrow(code('not_canonical'));
    const twice = fromHex(`a50101010103272006215820${toHex(EDDSA.publicKey)}`);
    expect(() => parseCoseKey(twice)).toThrow(code('malformed'));
  });

  test('is refused with an integer or a length in a longer form', () => {
    const hex = toHex(encodeCoseKey(EDDSA));
    const longer = [hex.replace('a401', 'b80401'), hex.replace('215820', '21590020'), hex.replace('0101', '180101')];
    for (const bytes of longer.map(fromHex)) expect(() => parseCoseKey(bytes)).toThrow(TwinlockError);
  });

  test('is refused for every other algorithm, curve or key type', () => {
    const swap = (label: number, value: number) =>
      mapOf(...ES256_MEMBERS.map(([at, old]): [number, CBORType] => [at, at === label ? value : old]));
    for (const bytes of [swap(1, 1), swap(1, 3), swap(3, -35), swap(3, -8), swap(-1, 2), swap(-1, 6), mapOf()]) {
      expect(() => parseCoseKey(bytes)).toThrow(code('unsupported_algorithm'));
    }
  });

  test('is refused with a coordinate missing, short or of another type', () => {
    const withY = (...y: [number, CBORType][]) => mapOf(...ES256_MEMBERS.slice(0, 4), ...y);
    for (const bytes of [withY(), withY([-3, Y.slice(1)]), withY([-3, true]), withY([-3, 'text'])]) {
      expect(() => parseCoseKey(bytes)).toThrow(code('malformed'));
    }
  });

  test('is refused for a point off the curve, and for one of low order', () => {
    const offCurve = { ...ES256, publicKey: ES256.publicKey.with(64, (ES256.publicKey[64] ?? 0) ^ 1) };
    expect(() => parseCoseKey(encodeCoseKey(offCurve))).toThrow(code('invalid_key'));
    const identity = { ...EDDSA, publicKey: new Uint8Array(32).with(0, 1) };
    expect(() => parseCoseKey(encodeCoseKey(identity))).toThrow(code('invalid_key'));
  });

  test('is refused when it is not a map', () => {
    for (const hex of ['80', '01', 'f6', '4101', 'ff', 'bf', '818181818181818181', 'c1a0']) {
      expect(() => parseCoseKey(fromHex(hex)), hex).toThrow(code('malformed'));
    }
  });

  test('of any bytes at all gives a key or an error of ours', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(() => parseCoseKey(bytes)).toThrow(TwinlockError);
      }),
    );
  });
});
