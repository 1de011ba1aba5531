import { encodeCBOR } from '@levischuck/tiny-cbor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromHex } from '../../src/core/bytes.ts';
import { type CborValue, readCborMap, readWholeCbor, readWholeCborMap } from '../../src/core/cbor.ts';

const malformed = expect.objectContaining({ code: 'malformed' });
const read = (hex: string) => readCborMap(fromHex(hex));
/** `levels` maps and arrays inside one another. */
const nested = (levels: number) => `a100${'81'.repeat(levels - 2)}80`;

describe('what is accepted', () => {
  test('the map at the start, and how many bytes it takes', () => {
    const { map, length } = read('a2637573655820'.concat('ab'.repeat(32), '20f5', 'ffff'));
    expect(map).toEqual(
      new Map<string | number, CborValue>([
        ['use', fromHex('ab'.repeat(32))],
        [-1, true],
      ]),
    );
    expect(length).toBe(41);
  });

  test.each([
    ['a0', {}],
    ['a10000', { 0: 0 }],
    ['a1001817', null],
    ['a1001818', { 0: 24 }],
    ['a10018ff', { 0: 255 }],
    ['a1001900ff', null],
    ['a100190100', { 0: 256 }],
    ['a1001a0000ffff', null],
    ['a1001a00010000', { 0: 65_536 }],
    ['a1001b00000000ffffffff', null],
    ['a1001b0000000100000000', { 0: 2 ** 32 }],
    ['a1001b001ffffffffffffe', { 0: Number.MAX_SAFE_INTEGER - 1 }],
    ['a1001b001fffffffffffff', null],
    ['a1001bffffffffffffffff', null],
    ['a1003863', { 0: -100 }],
    ['a100f4', { 0: false }],
    ['a100f6', { 0: null }],
    ['a10083010203', { 0: [1, 2, 3] }],
    ['a10062c3bc', { 0: 'ü' }],
  ])('one encoding of each value: %s', (hex, expected) => {
    if (expected === null) expect(() => read(hex)).toThrow(malformed);
    else expect(Object.fromEntries(readWholeCborMap(fromHex(hex), 'test'))).toEqual(expected);
  });

  test('keys in any order: some authenticators write them so', () => {
    expect([...read('a202000100').map.keys()]).toEqual([2, 1]);
  });

  test('four levels, and not a fifth', () => {
    expect(read(nested(4)).length).toBe(5);
    expect(() => read(nested(5))).toThrow(malformed);
  });

  test('everything that our own encoder writes, within the levels', () => {
    const leaf = fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array(),
      fc.string({ unit: 'grapheme' }),
    );
    const value = fc.oneof(leaf, fc.array(leaf));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(fc.integer(), fc.string()), value)), (members) => {
        const map = new Map(members);
        expect(readWholeCborMap(encodeCBOR(map), 'test')).toEqual(map);
      }),
    );
  });
});

describe('what is refused as malformed', () => {
  test.each([
    ['nothing', ''],
    ['an array', '80'],
    ['a map cut short', 'a1'],
    ['a map without the value', 'a100'],
    ['a string cut short', 'a10042ff'],
    ['more members than there can be', 'bb001ffffffffffff0'],
    ['a map of indefinite length', 'bfff'],
    ['a string of indefinite length', 'a1005fff'],
    ['a reserved length', 'a1001c'],
    ['a tag', 'a100c000'],
    ['a float', 'a100f93c00'],
    ['undefined', 'a100f7'],
    ['a simple value of two bytes', 'a100f815'],
    ['a key that is repeated', 'a200000000'],
    ['a key of bytes', 'a1410000'],
    ['a key that is an array', 'a18000'],
    ['a key of null', 'a1f600'],
    ['text that is no UTF-8', 'a10061ff'],
  ])('%s', (_, hex) => {
    expect(() => read(hex)).toThrow(malformed);
  });

  test('a thousand levels, which would fill a small stack', () => {
    expect(() => read(nested(1000))).toThrow(malformed);
  });

  test('bytes after a map that must be all', () => {
    expect(() => readWholeCborMap(concat(fromHex('a0'), new Uint8Array(1)), 'test')).toThrow(malformed);
  });
});

describe('maps of an indefinite length', () => {
  const readOpen = (hex: string) => readWholeCborMap(fromHex(hex), 'test', { indefiniteMaps: true });

  test('are accepted where the writer is known to write them, at any level', () => {
    expect(Object.fromEntries(readOpen('bfff'))).toEqual({});
    expect(Object.fromEntries(readOpen('bf6161016162f5ff'))).toEqual({ a: 1, b: true });
    expect(readOpen('a100bf0102ff').get(0)).toEqual(new Map([[1, 2]]));
  });

  test.each([
    ['without their break', 'bf0102'],
    ['with a break in place of a value', 'bf01ff'],
    ['with a key twice', 'bf01020102ff'],
    ['with a byte after them', 'bfff00'],
    ['five levels deep', `${'bf00'.repeat(5)}00${'ff'.repeat(5)}`],
    ['a break alone', 'ff'],
    ['a list of an indefinite length', 'a1009fff'],
    ['text of an indefinite length', 'a1007fff'],
    ['bytes of an indefinite length', 'a1005fff'],
  ])('are refused %s', (_, hex) => {
    expect(() => readOpen(hex)).toThrow(malformed);
  });

  test('are refused of every other writer', () => {
    expect(() => readWholeCborMap(fromHex('bf0102ff'), 'test')).toThrow(malformed);
    expect(() => readWholeCbor(fromHex('81bf0102ff'), 'test')).toThrow(malformed);
    expect(() => read('bf0102ff')).toThrow(malformed);
  });
});
