import { expect, test } from 'vitest';
import { ByteReader } from '../../src/core/byte-reader.ts';

const code = (expected: string, message: string) =>
  expect.objectContaining({ code: expected, message: expect.stringContaining(message) });
/** Views into a larger buffer must read from their own beginning. */
const bytes = Uint8Array.from({ length: 32 }, (_, i) => 0xff - i).subarray(3, 27);

test('reads integers in both byte orders, and knows where it is', () => {
  const reader = new ByteReader(bytes, 'test');
  expect(reader.u8()).toBe(0xfc);
  expect(reader.u16le()).toBe(0xfafb);
  expect(reader.u16be()).toBe(0xf9f8);
  expect(reader.u24le()).toBe(0xf5f6f7);
  expect(reader.u32le()).toBe(0xf1f2f3f4);
  expect(reader.u32be()).toBe(0xf0efeeed);
  expect(reader.offset).toBe(16);
  expect(reader.u64le()).toBe(0xe5e6e7e8e9eaebecn);
  expect(reader.remaining).toBe(0);
  reader.end();
  const other = new ByteReader(bytes, 'test');
  other.skip(16);
  expect(other.u64be()).toBe(0xecebeae9e8e7e6e5n);
});

test('refuses a field that goes past the end, by its offset', () => {
  const reader = new ByteReader(bytes.subarray(0, 5), 'quote');
  reader.skip(2);
  expect(() => reader.u32le()).toThrow(code('malformed', 'quote: expected 4 bytes at offset 2, got 3'));
  for (const count of [-1, 1.5, Number.NaN, 4, Number.POSITIVE_INFINITY]) {
    expect(() => reader.bytes(count)).toThrow(code('malformed', 'at offset 2'));
  }
  expect(reader.bytes(3)).toEqual(bytes.subarray(2, 5));
});

test('refuses bytes that are left over', () => {
  const reader = new ByteReader(bytes, 'quote');
  reader.skip(23);
  expect(() => reader.end()).toThrow(code('malformed', 'quote: expected the end, got 1 byte after it at offset 23'));
});

test('refuses what should be zero and is not, by its offset', () => {
  const reader = new ByteReader(Uint8Array.of(0, 0, 0, 9), 'quote');
  reader.zeros(2);
  expect(() => reader.zeros(2)).toThrow(code('malformed', 'quote: expected a zero byte at offset 3'));
});
