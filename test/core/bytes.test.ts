import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  concat,
  equal,
  fromBase64,
  fromBase64url,
  fromHex,
  fromUtf8,
  toBase64,
  toBase64url,
  toHex,
  u8,
  u16,
  u32,
  u64,
  utf8,
  wipe,
} from '../../src/core/bytes.ts';

const malformed = expect.objectContaining({ code: 'malformed' });
const anyBytes = fc.uint8Array({ maxLength: 80 });

describe('bytes as text', () => {
  test('come back from each of their spellings', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes);
        expect(fromBase64url(toBase64url(bytes))).toEqual(bytes);
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  test.each(['A', 'AB', 'aB', '0g', 'abc', '0x00', ' 00', '00\n', 'é0'])('refuses %j as hexadecimal', (text) => {
    expect(() => fromHex(text)).toThrow(malformed);
  });

  test.each([
    ['padding', 'AA=='],
    ['the other alphabet', '-_8='],
    ['a character of the standard alphabet', 'ab+/'],
    ['white space', 'AA AA'],
    ['a line end', 'AAAA\n'],
    ['a length that no bytes have', 'AAAAA'],
    ['bits that are not zero at its end', 'AB'],
    ['more bits that are not zero at its end', 'AAB'],
  ])('refuses base64url with %s', (_what, text) => {
    expect(() => fromBase64url(text)).toThrow(malformed);
  });

  test.each([
    ['no padding', 'AA'],
    ['too little padding', 'AA='],
    ['too much padding', 'AAAA='],
    ['the url alphabet', '-_8='],
    ['bits that are not zero at its end', 'AB=='],
    ['bytes after the padding', 'AA==AA=='],
    ['white space', ' AA=='],
  ])('refuses base64 with %s', (_what, text) => {
    expect(() => fromBase64(text)).toThrow(malformed);
  });

  test('accepts one spelling of any bytes and no other', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (text) => {
        for (const [read, write] of [
          [fromHex, toHex],
          [fromBase64url, toBase64url],
          [fromBase64, toBase64],
        ] as const) {
          let bytes: Uint8Array;
          try {
            bytes = read(text);
          } catch (error) {
            expect(error).toMatchObject({ code: 'malformed' });
            continue;
          }
          expect(write(bytes)).toBe(text);
        }
      }),
    );
  });

  test.each([
    ['an overlong sequence', 'c080'],
    ['a surrogate', 'eda080'],
    ['a sequence cut short', 'e282'],
    ['a byte order mark', 'efbbbf61'],
    ['a byte that is never in UTF-8', 'ff'],
  ])('refuses %s as UTF-8', (_what, hex) => {
    expect(() => fromUtf8(fromHex(hex))).toThrow(malformed);
  });

  test('reads what UTF-8 writes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.startsWith('\ufeff'));
        expect(fromUtf8(utf8(text))).toBe(text);
      }),
    );
  });
});

describe('integers', () => {
  test('are big-endian', () => {
    expect([u8(0xfe), u16(0x0102), u32(0x01020304), u64(0x0102030405060708n)].map(toHex)).toEqual([
      'fe',
      '0102',
      '01020304',
      '0102030405060708',
    ]);
    expect(toHex(u64(2 ** 53 - 1))).toBe('001fffffffffffff');
  });

  test.each([
    ['u8', () => u8(256)],
    ['u16', () => u16(65_536)],
    ['u32', () => u32(2 ** 32)],
    ['u64', () => u64(1n << 64n)],
    ['a negative number', () => u32(-1)],
    ['a fraction', () => u32(1.5)],
    ['a number that has been rounded', () => u64(2 ** 53)],
    ['no number', () => u8(Number.NaN)],
  ])('refuses what does not fit %s', (_what, write) => {
    expect(write).toThrow(malformed);
  });
});

test('equality is of length and of every byte', () => {
  fc.assert(
    fc.property(anyBytes, anyBytes, (a, b) => {
      expect(equal(a, b)).toBe(toHex(a) === toHex(b));
    }),
  );
  expect(equal(u32(1), concat(u16(0), u16(1)))).toBe(true);
});

test('what is wiped is zero', () => {
  const secrets = [u32(7), u8(9)];
  wipe(...secrets);
  expect(secrets.map(toHex)).toEqual(['00000000', '00']);
});
