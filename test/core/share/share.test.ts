import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../../src/core/bytes.ts';
import { encodeScalar, Scalars } from '../../../src/core/share/group.ts';
import { decodeShare, encodeShare, SHARE_PLAINTEXT_BYTES } from '../../../src/core/share/share.ts';

const code = (code: string) => expect.objectContaining({ code });
const scalar = fc.bigInt({ min: 0n, max: Scalars.ORDER - 1n }).map(encodeScalar);
const SHARE = { index: 5, s: encodeScalar(1n), r: encodeScalar(Scalars.ORDER - 1n) };

test('writes version, index, s and r in 66 bytes', () => {
  expect(toHex(encodeShare(SHARE))).toBe(
    `0105${'01'.padEnd(64, '0')}${'ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010'}`,
  );
});

test('every share comes back from its plaintext', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 255 }), scalar, scalar, (index, s, r) => {
      const bytes = encodeShare({ index, s, r });
      expect(bytes).toHaveLength(SHARE_PLAINTEXT_BYTES);
      expect(decodeShare(bytes)).toEqual({ index, s, r });
    }),
  );
});

describe('decodeShare', () => {
  const bytes = encodeShare(SHARE);

  test('refuses every truncation and any trailing byte', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeShare(bytes.slice(0, length))).toThrow(code('malformed'));
    }
    expect(() => decodeShare(new Uint8Array([...bytes, 0]))).toThrow(code('malformed'));
  });

  test('refuses every version but 1', () => {
    for (const version of [0, 2, 255]) {
      expect(() => decodeShare(bytes.with(0, version))).toThrow(code('unsupported_version'));
    }
  });

  test('refuses index 0', () => {
    expect(() => decodeShare(bytes.with(1, 0))).toThrow(code('invalid_index'));
  });

  test('refuses scalars that are not below the group order', () => {
    for (const last of [33, 65]) {
      expect(() => decodeShare(bytes.with(last, 0x20))).toThrow(code('invalid_scalar'));
    }
    expect(() => decodeShare(bytes.with(34, 0xed))).toThrow(code('invalid_scalar'));
  });

  test('reads no two plaintexts as the same share', () => {
    for (let at = 0; at < bytes.length; at++) {
      const flipped = bytes.with(at, (bytes[at] ?? 0) ^ 1);
      try {
        expect(decodeShare(flipped)).not.toEqual(SHARE);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(unsupported_version|invalid_scalar)$/) });
      }
    }
  });
});

test('refuses to write a share with an index outside 1 to 255 or a scalar that is not one', () => {
  for (const index of [0, 256, 1.5, -1, Number.NaN]) {
    expect(() => encodeShare({ ...SHARE, index })).toThrow(code('invalid_index'));
  }
  for (const half of ['s', 'r']) {
    expect(() => encodeShare({ ...SHARE, [half]: new Uint8Array(32).fill(255) })).toThrow(code('invalid_scalar'));
    expect(() => encodeShare({ ...SHARE, [half]: new Uint8Array(31) })).toThrow(code('invalid_scalar'));
  }
});
