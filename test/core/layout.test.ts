import { expect, test } from 'vitest';
import { ByteReader } from '../../src/core/byte-reader.ts';
import { type Layout, readLayout } from '../../src/core/layout.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const LAYOUT = {
  version: [0, 2, 'u16le'],
  reserved: [2, 1, 'zeros'],
  padding: [3, 1, 'unread'],
  digest: [4, 3, 'bytes'],
  flags: [7, 1, 'u8'],
} as const;
const BYTES = Uint8Array.of(5, 1, 0, 9, 1, 2, 3, 7);
const read = (bytes: Uint8Array, layout: Layout = LAYOUT) => readLayout(new ByteReader(bytes, 'thing'), layout);

test('fields are read where the layout says', () => {
  expect(read(BYTES)).toEqual({
    ...{ version: 0x105, reserved: null, padding: null, flags: 7 },
    digest: Uint8Array.of(1, 2, 3),
  });
});

test('bytes that end too soon, and a reserved byte that is not zero, are refused', () => {
  for (let length = 0; length < BYTES.length; length++) {
    expect(() => read(BYTES.subarray(0, length))).toThrow(code('malformed'));
  }
  expect(() => read(BYTES.with(2, 1))).toThrow('thing: expected a zero byte at offset 2');
});

test('integers are read in both orders of their bytes', () => {
  const layout = {
    small: [0, 2, 'u16be'],
    odd: [2, 3, 'u24le'],
    word: [5, 4, 'u32be'],
    long: [9, 8, 'u64be'],
  } as const satisfies Layout;
  const bytes = Uint8Array.from({ length: 17 }, (_, i) => i + 1);
  const expected = { small: 0x0102, odd: 0x050403, word: 0x06070809, long: 0x0a0b_0c0d_0e0f_1011n };
  expect(readLayout(new ByteReader(bytes, 'thing'), layout)).toEqual(expected);
});

test('a layout that gives an integer another length than its type is a mistake in the code', () => {
  expect(() => read(BYTES, { version: [0, 4, 'u16le'] })).toThrow(code('internal'));
});

test('a layout with a gap, or with fields that overlap, is a mistake in the code', () => {
  for (const offset of [1, 3]) {
    const layout: Layout = { version: [0, 2, 'u16le'], digest: [offset, 1, 'bytes'] };
    expect(() => read(BYTES, layout)).toThrow(code('internal'));
  }
});
