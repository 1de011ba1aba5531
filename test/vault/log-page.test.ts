import { expect, test } from 'vitest';
import { parseEntry } from '../../src/core/log/entry.ts';
import { objectsNamed } from '../../src/core/state/apply.ts';
import { readPage } from '../../src/vault/log-page.ts';
import { releasedWorld } from '../world/world.ts';

test('a page has every object that its entries name, and no other', async () => {
  const { world, asked } = await releasedWorld();
  const [ana, ben] = world.founding.founders;
  if (ana === undefined || ben === undefined) throw new Error('the world has no founders');
  await world.append(world.draftHostReceipt(asked));
  await world.changePolicy({ veto: true }, ana, ana, ben);
  await world.append({ kind: 'heartbeat', body: {} });
  const log = {
    entries: async (from: number, limit: number) =>
      world.log.slice(from, from + limit).map((bytes, i) => ({ index: from + i, bytes })),
    objects: async (digests: readonly string[]) =>
      new Map(digests.map((digest) => [digest, world.objects.get(digest) ?? new Uint8Array()])),
  };
  const { entries, objects } = await readPage(log, 0, world.size);
  expect(entries).toEqual(world.log);
  const named = world.log.flatMap((bytes) => objectsNamed(parseEntry(bytes)));
  expect(new Set(objects.keys())).toEqual(new Set(named));
  expect(named.length).toBeGreaterThan(8);
});

test('a page has an entry that cannot be parsed, for the fold to refuse', async () => {
  const broken = [new Uint8Array([0xff]), new TextEncoder().encode('{"kind":"proposal"}')];
  const log = {
    entries: async () => broken.map((bytes, index) => ({ index, bytes })),
    objects: async () => new Map(),
  };
  expect((await readPage(log, 0, 2)).entries).toEqual(broken);
});
