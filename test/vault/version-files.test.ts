import { expect, test } from 'vitest';
import type { Hex } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import { VersionFiles } from '../../src/vault/version-files.ts';
import { deposited } from '../core/state/stages.ts';

/** A store, and how often it was asked. */
async function stored(change: (bytes: Uint8Array) => Uint8Array | undefined = (bytes) => bytes) {
  const { world, deposit } = await deposited();
  const bytes = world.objects.get(deposit.manifest) ?? new Uint8Array();
  const asked: Hex[] = [];
  const objects = async (digests: readonly Hex[]) => {
    asked.push(...digests);
    const found = change(bytes);
    return new Map(digests.flatMap((digest) => (found === undefined ? [] : [[digest, found] as const])));
  };
  return { deposit, asked, files: new VersionFiles({ objects }) };
}

test('the files of a version are those of its manifest, which is read once for ranges that are asked for at once', async () => {
  const { deposit, asked, files } = await stored();
  const [first, second] = await Promise.all([files.of(deposit.manifest), files.of(deposit.manifest)]);
  expect(first.sizes).toEqual(deposit.core.files.map(({ size }) => Number(size)));
  expect(second).toBe(first);
  expect(first.pack.of(0)).toBeNull();
  expect(asked).toEqual([deposit.manifest]);
});

test('a manifest that the store lacks, or that is another, is refused, and asked for again', async () => {
  const corrupt = expect.objectContaining({ code: 'storage_corrupt' });
  const lacking = await stored(() => undefined);
  await expect(lacking.files.of(lacking.deposit.manifest)).rejects.toThrow(corrupt);
  await expect(lacking.files.of(lacking.deposit.manifest)).rejects.toThrow(corrupt);
  expect(lacking.asked).toHaveLength(2);
  const { files } = await stored();
  await expect(files.of('77'.repeat(32))).rejects.toThrow(corrupt);
});

test('of 33 versions, the one that was not asked for the longest is read again, and the others are not', async () => {
  const { deposit } = await stored();
  const cores = Array.from({ length: 33 }, (_, i) => canonicalBytes({ ...deposit.core, created: i }));
  const objects = new Map(cores.map((bytes) => [digestOf(bytes), bytes]));
  const asked: Hex[] = [];
  const files = new VersionFiles({
    objects: async (digests) => {
      asked.push(...digests);
      return objects;
    },
  });
  const [first = '', second = '', ...others] = objects.keys();
  for (const manifest of [first, second, ...others.slice(0, -1), first, ...others.slice(-1), first, ...others]) {
    await files.of(manifest);
  }
  expect(asked).toHaveLength(33);
  await files.of(second);
  expect(asked.slice(33)).toEqual([second]);
});
