import { expect, test } from 'vitest';
import { ByteReader } from '../../../../src/core/attest/kit/byte-reader.ts';
import { type Layout, readLayout } from '../../../../src/core/attest/kit/layout.ts';

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

test('a layout with a gap, or with fields that overlap, is a mistake in the code', () => {
  for (const offset of [1, 3]) {
    const layout: Layout = { version: [0, 2, 'u16le'], digest: [offset, 1, 'bytes'] };
    expect(() => read(BYTES, layout)).toThrow(code('internal'));
  }
});
