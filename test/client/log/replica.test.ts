import { beforeAll, describe, expect, test } from 'vitest';
import { Replica, type ReplicaOptions } from '../../../client/log/replica.ts';
import type { LogPage } from '../../../client/log/source.ts';
import { toHex } from '../../../src/core/bytes.ts';
import { must } from '../../../src/core/errors.ts';
import { MapMemory, verify } from '../../world/client.ts';
import { keptLog, noteOf, sourceOf } from '../../world/source.ts';
import { releasedWorld, type World } from '../../world/world.ts';

const refusal = (code: string) => expect.objectContaining({ code });

describe('a replica', () => {
  let world: World;
  let log: LogPage;
  beforeAll(async () => {
    ({ world } = await releasedWorld({ label: 'replica' }));
    log = keptLog(world);
  });

  const options = (changes: Partial<ReplicaOptions> = {}): ReplicaOptions => ({
    fingerprint: world.vault,
    verify,
    memory: new MapMemory(),
    now: () => world.now,
    ...changes,
  });
  const follow = (page: LogPage, changes: Partial<ReplicaOptions> = {}) =>
    Replica.follow(
      sourceOf(
        () => page,
        () => world.now,
      ),
      options(changes),
    );

  test('is where the log is, page by page, and remembers it', async () => {
    const memory = new MapMemory();
    const seen: number[] = [];
    const replica = await follow(log, { memory, onProgress: (entries) => seen.push(entries) });
    const { origin, size, root } = world.checkpoint();
    expect(replica.checkpoint).toEqual({ origin, size, root });
    expect(replica.facts.proposals.size).toBe(world.facts.proposals.size);
    expect(memory.checkpoints.get(world.vault)).toEqual({ size, root });
    expect(seen.at(-1)).toBe(size);
  });

  test('extends from where it is, and stays there where the log goes wrong', async () => {
    const later = world.fork();
    let page = log;
    const source = sourceOf(
      () => page,
      () => later.now,
      100,
    );
    const replica = await Replica.follow(source, options({ now: () => later.now }));
    const asked = source.asked;
    await later.append({ kind: 'heartbeat', body: {} });
    page = keptLog(later);
    await replica.extend();
    expect(replica.checkpoint.size).toBe(world.log.length + 1);
    expect(source.asked - asked).toBe(1);

    await later.append({ kind: 'heartbeat', body: {} });
    page = { ...keptLog(later), entries: keptLog(later).entries.map((text) => text.replace('heartbeat', 'heartboat')) };
    await expect(replica.extend()).rejects.toThrow(refusal('unknown_kind'));
    expect(replica.checkpoint.size).toBe(world.log.length + 1);
  });

  test('hands out evidential objects, asked for again and held against their digest', async () => {
    const replica = await follow(log);
    const { manifest } = [...world.facts.versions.values()][0] ?? { manifest: '' };
    expect(toHex(await replica.object(manifest))).toBe(toHex(world.objects.get(manifest) ?? new Uint8Array(0)));
    await expect(replica.object('ab'.repeat(32))).rejects.toThrow(refusal('object_missing'));
  });

  test('refuses an object that is another than its digest says', async () => {
    const objects = new Map(log.objects);
    const page = { ...log, objects };
    const replica = await follow(page);
    const { manifest } = [...world.facts.versions.values()][0] ?? { manifest: '' };
    objects.set(manifest, new Uint8Array(3));
    await expect(replica.object(manifest)).rejects.toThrow(refusal('object_mismatch'));
    await expect(follow(page)).rejects.toThrow(refusal('object_mismatch'));
  });

  test('refuses a log whose genesis is not the fingerprint', async () => {
    await expect(follow(log, { fingerprint: 'ab'.repeat(32) })).rejects.toThrow(refusal('wrong_genesis'));
  });

  test('names the entry at which a signature is false', async () => {
    const index = log.entries.findIndex((text) => text.includes('"kind":"deposit"'));
    const failing: ReplicaOptions['verify'] = async ({ what }) => {
      must(!what.startsWith('manifest'), 'signature_invalid', `${what} is not true`);
    };
    await expect(follow(log, { verify: failing })).rejects.toThrow(
      expect.objectContaining({ code: 'signature_invalid', detail: { entry: index } }),
    );
  });

  test('refuses a log that is shorter than what is remembered', async () => {
    const memory = new MapMemory();
    await memory.put(world.vault, { size: world.log.length + 1, root: 'ab'.repeat(32) });
    await expect(follow(log, { memory })).rejects.toThrow(refusal('rolled_back'));
  });

  test('refuses a log that is not a continuation of what is remembered', async () => {
    const memory = new MapMemory();
    await memory.put(world.vault, { size: 3, root: 'ab'.repeat(32) });
    await expect(follow(log, { memory })).rejects.toThrow(refusal('rolled_back'));
    expect(memory.checkpoints.get(world.vault)?.size).toBe(3);
  });

  test('refuses entries that are held back behind the checkpoint', async () => {
    await expect(follow({ ...log, entries: log.entries.slice(0, -1) })).rejects.toThrow(refusal('rolled_back'));
  });

  test('refuses a checkpoint of other entries, and one by another key', async () => {
    const other = world.fork();
    await other.append({ kind: 'heartbeat', body: {} });
    const fork = world.fork();
    fork.now += 5000;
    await fork.append({ kind: 'heartbeat', body: {} });
    const crossed = { ...keptLog(other), checkpoint: noteOf(fork) };
    await expect(follow(crossed)).rejects.toThrow(refusal('checkpoint_invalid'));
    const { world: stranger } = await releasedWorld({ label: 'stranger' });
    await expect(follow({ ...log, checkpoint: noteOf(stranger) })).rejects.toThrow(refusal('foreign_checkpoint'));
  });

  test('refuses a vault whose clock is more than five minutes off', async () => {
    const skewed = { now: () => world.now + 301_000 };
    await expect(follow(log, skewed)).rejects.toThrow(refusal('clock_skew'));
  });

  test('says which clock is ahead, and by how long in words', async () => {
    const dayMs = 86_400_000;
    const behind = follow(log, { now: () => world.now + 40 * dayMs });
    await expect(behind).rejects.toThrow(
      /^the vault’s clock is 40 days behind this machine’s: set the one that is wrong$/,
    );
    const ahead = follow(log, { now: () => world.now - dayMs - 3_600_000 });
    await expect(ahead).rejects.toThrow(/^the vault’s clock is 1 day 1 hour ahead of this machine’s: /);
  });
});
