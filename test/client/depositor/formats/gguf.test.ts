import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Effort } from '../../../../client/depositor/formats/effort.ts';
import { requireGguf } from '../../../../client/depositor/formats/gguf.ts';
import { GgufWriter, sourceOf, wholeGguf } from './model-files.ts';

const malformed = (message: string) =>
  expect.objectContaining({ code: 'malformed', message: expect.stringContaining(message) });
const check = (bytes: Uint8Array) => requireGguf(sourceOf(bytes), new Effort());
const begun = (version = 3) => new GgufWriter().ascii('GGUF').u32(version);

describe('a GGUF file', () => {
  test.each([
    [true, 64],
    [false, 64],
    [true, 32],
  ])(
    'is taken where it is whole (little-endian: %s, alignment %i), and with padding after it',
    async (isLittle, alignment) => {
      const whole = wholeGguf(isLittle, alignment);
      await check(whole);
      await check(new Uint8Array([...whole, ...new Uint8Array(28)]));
    },
  );

  test('is refused truncated anywhere', async () => {
    for (const isLittle of [true, false]) {
      const whole = wholeGguf(isLittle);
      for (let length = 0; length < whole.length; length++) {
        await expect(check(whole.slice(0, length))).rejects.toThrow(malformed('truncated'));
      }
    }
  });

  test('without tensors is taken as soon as its metadata are whole', async () => {
    await check(begun(2).u64(0).u64(0).done());
  });

  test.each([
    ['that begins with something else', new GgufWriter().ascii('GGML').u32(3).u64(0).u64(0).done(), 'no GGUF'],
    ['of an unknown version', begun(4).u64(0).u64(0).done(), 'version 2 or 3, got 4'],
    [
      'that counts more pairs than fit it',
      begun()
        .u64(0)
        .u64(2n ** 60n)
        .done(),
      'the metadata ends at byte',
    ],
    [
      'that counts more tensors than fit it',
      begun()
        .u64(2n ** 63n)
        .u64(0)
        .done(),
      'the tensors’ infos ends',
    ],
    ['whose value has an unknown type', begun().u64(0).u64(1).string('k').u32(13).u32(0).done(), 'metadata "k"'],
    [
      'whose array counts more than fits it',
      begun()
        .u64(0)
        .u64(1)
        .string('k')
        .u32(9)
        .u32(8)
        .u64(2n ** 62n)
        .done(),
      'truncated',
    ],
    ['whose alignment is 0', begun().u64(0).u64(1).string('general.alignment').u32(4).u32(0).done(), 'more than 0'],
    ['whose alignment is no u32', begun().u64(0).u64(1).string('general.alignment').u32(10).u64(32).done(), 'a u32'],
    [
      'whose tensor has too many dimensions',
      begun().u64(1).u64(0).string('t').u32(5).bytes(52).done(),
      '4 dimensions, got 5',
    ],
    [
      'whose tensor is half a block',
      begun().u64(1).u64(0).string('t').u32(1).u64(33).u32(2).u64(0).bytes(99).done(),
      'blocks of 32',
    ],
    [
      'whose tensor overflows 64 bits',
      begun()
        .u64(1)
        .u64(0)
        .string('t')
        .u32(2)
        .u64(2n ** 63n)
        .u64(2n ** 63n)
        .u32(0)
        .u64(0)
        .bytes(99)
        .done(),
      'the data of its tensors',
    ],
  ])('is refused %s', async (_, bytes, message) => {
    await expect(check(bytes)).rejects.toThrow(malformed(message));
  });

  test('whose arrays nest without end is refused', async () => {
    const file = begun().u64(0).u64(1).string('k').u32(9);
    for (let i = 0; i < 99; i++) file.u32(9).u64(1);
    await expect(check(file.bytes(999).done())).rejects.toThrow(malformed('metadata "k"'));
  });

  test('whose header is longer than any is refused, however long the file is', async () => {
    const head = begun()
      .u64(0)
      .u64(1)
      .string('k')
      .u32(8)
      .u64(2 ** 40)
      .done();
    const source = {
      bytes: 2 ** 41,
      read: (at: number, length: number) => new Uint8Array(length).map((_, i) => head[at + i] ?? 0),
    };
    await expect(requireGguf(source, new Effort())).rejects.toThrow(malformed('a header of at most'));
  });

  test('of a type that is newer than this is held to its offset alone', async () => {
    await check(begun().u64(1).u64(0).string('t').u32(1).u64(8).u32(99).u64(0).done());
    await expect(check(begun().u64(1).u64(0).string('t').u32(1).u64(8).u32(99).u64(500).done())).rejects.toThrow(
      malformed('truncated'),
    );
  });

  test('of other bytes ends in a verdict, never in an error of the engine', async () => {
    const whole = wholeGguf();
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
        try {
          await check(whole.slice().fill(byte, at, at + 1));
        } catch (error) {
          expect(error).toEqual(malformed(''));
        }
      }),
    );
  });
});
