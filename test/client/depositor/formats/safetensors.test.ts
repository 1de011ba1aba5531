import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Effort } from '../../../../client/depositor/formats/effort.ts';
import { readSafetensors } from '../../../../client/depositor/formats/safetensors.ts';
import { safetensors, sourceOf, tensorsOf, wholeSafetensors } from './model-files.ts';

const malformed = (message: string) =>
  expect.objectContaining({ code: 'malformed', message: expect.stringContaining(message) });
const read = (bytes: Uint8Array) => readSafetensors(sourceOf(bytes), new Effort());
const one = { a: { dtype: 'F16', shape: [2, 3], data_offsets: [0, 12] } };

describe('a safetensors file', () => {
  test('is read where it is whole, whatever its tensors are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.stringMatching(/^[a-z.]{1,8}$/), fc.nat(64), { maxKeys: 8 }), async (sizes) => {
        const { tensors, dataBytes } = await read(wholeSafetensors(sizes));
        expect([...tensors].sort()).toEqual(Object.keys(sizes).sort());
        expect(dataBytes).toBe(Object.values(sizes).reduce((sum, size) => sum + size * 4, 0));
      }),
    );
    expect((await read(safetensors(`${JSON.stringify(one)}   `, 12))).dataBytes).toBe(12);
  });

  test('is refused truncated anywhere, and with a byte too many', async () => {
    const whole = wholeSafetensors({ a: 3, b: 0, c: 5 });
    for (let length = 0; length < whole.length; length++) {
      await expect(read(whole.slice(0, length))).rejects.toThrow(malformed('truncated'));
    }
    await expect(read(new Uint8Array([...whole, 0]))).rejects.toThrow(malformed('1 byte after the data'));
  });

  test.each([
    ['whose header is longer than the format allows', safetensors('', 0).fill(0xff, 0, 8), 'at most 100000000'],
    ['whose header is no object', safetensors('[]  ', 0), 'begins with {'],
    ['whose header is no JSON', safetensors('{"a":', 0), 'expected JSON'],
    ['whose header is not UTF-8', safetensors('{"a":1}', 0).fill(0xff, 10, 11), 'UTF-8'],
    ['with a tensor that is there twice', safetensors(`{"a":${JSON.stringify(one.a)},"a":1}`, 12), 'repeated'],
    ['whose metadata are no texts', safetensors({ __metadata__: { a: 1 } }, 0), '__metadata__.a'],
    ['with a tensor without a type', safetensors({ a: { shape: [], data_offsets: [0, 0] } }, 0), 'header["a"].dtype'],
    [
      'with a negative offset',
      safetensors({ a: { ...one.a, data_offsets: [-1, 11] } }, 12),
      'header["a"].data_offsets',
    ],
    ['with an offset beyond 2^53', safetensors({ a: { ...one.a, data_offsets: [0, 2 ** 60] } }, 12), 'data_offsets'],
    [
      'whose tensor ends before it begins',
      safetensors({ a: { ...one.a, data_offsets: [12, 0] } }, 12),
      'before it begins',
    ],
    [
      'whose tensor has other bytes than its shape',
      safetensors({ a: { ...one.a, shape: [2, 2] } }, 12),
      'expected 8 bytes',
    ],
    [
      'whose shape overflows',
      safetensors({ a: { ...one.a, shape: Array(99).fill(2 ** 50) } }, 12),
      'by its type and shape',
    ],
    [
      'with a hole',
      safetensors({ ...one, b: { dtype: 'U8', shape: [1], data_offsets: [13, 14] } }, 14),
      '1 byte before',
    ],
    [
      'with an overlap',
      safetensors({ ...one, b: { dtype: 'U8', shape: [1], data_offsets: [11, 12] } }, 12),
      'overlaps',
    ],
  ])('is refused %s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(malformed(message));
  });

  test('with a type that is newer than this is held to its offsets alone', async () => {
    const newer = { a: { dtype: 'F4', shape: [3], data_offsets: [0, 2] } };
    expect((await read(safetensors(newer, 2))).dataBytes).toBe(2);
  });

  test('of other bytes ends in a verdict, never in an error of the engine', async () => {
    const { header, dataBytes } = tensorsOf({ a: 3, b: 5 });
    const whole = safetensors(header, dataBytes);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
        const bytes = whole.slice().fill(byte, at, at + 1);
        try {
          await read(bytes);
        } catch (error) {
          expect(error).toEqual(malformed(''));
        }
      }),
    );
  });
});
