import { beforeAll, describe, expect, test } from 'vitest';
import { Follower, type FollowOptions } from '../../../client/log/follower.ts';
import { keptSource, type LogPage, type LogSource } from '../../../client/log/source.ts';
import { type Hex, toHex } from '../../../src/core/bytes.ts';
import { must } from '../../../src/core/errors.ts';
import { leafHash, rootOf } from '../../../src/core/log/merkle.ts';
import type { State } from '../../../src/core/state/state.ts';
import { MapMemory, verify } from '../../world/client.ts';
import { keptLog, noteOf } from '../../world/source.ts';
import { releasedWorld, type World } from '../../world/world.ts';

const code = (name: string) => expect.objectContaining({ code: name });

let world: World;
let log: LogPage;
/** Root of the world's log at size i + 1. */
let roots: readonly Hex[];
beforeAll(async () => {
  ({ world } = await releasedWorld({ label: 'follower' }));
  log = keptLog(world);
  const leaves = world.log.map(leafHash);
  roots = leaves.map((_, i) => toHex(rootOf(leaves.slice(0, i + 1))));
});

const options = (changes: Partial<FollowOptions> = {}): FollowOptions => ({
  fingerprint: world.vault,
  verify,
  memory: new MapMemory(),
  ...changes,
});
const followed = (source: LogSource, changes: Partial<FollowOptions> = {}) => new Follower(source, options(changes));
const remembering = async (size: number, root: Hex) => {
  const memory = new MapMemory();
  await memory.put(world.vault, { size, root });
  return memory;
};

/** A vault that answers with what `at` says for each request: its checkpoint comes with every page. */
function liveSource(at: (request: number) => LogPage, pageEntries = 4): LogSource & { requests: number } {
  return {
    requests: 0,
    async page(from, limit) {
      const page = at(this.requests++);
      return { ...page, entries: page.entries.slice(from, from + Math.min(limit, pageEntries)) };
    },
  };
}

describe('a follower', () => {
  test('verifies the whole log and remembers its checkpoint, root and size', async () => {
    const memory = new MapMemory();
    const follower = followed(keptSource(log), { memory });
    await follower.follow();
    const { size, root } = world.checkpoint();
    expect(follower.checkpoint).toEqual({ size, root });
    expect(memory.checkpoints.get(world.vault)).toEqual({ size, root });
    expect(follower.appraisals).toBe(1);
    expect(follower.signatures).toBeGreaterThan(10);
  });

  test('shows its observer each entry once its claims are discharged, with the facts after it', async () => {
    const seen: number[] = [];
    const index = log.entries.findIndex((text) => text.includes('"kind":"deposit"'));
    const follower = followed(keptSource(log), {
      verify: async ({ what }) => must(!what.startsWith('manifest'), 'signature_invalid', `${what} is not true`),
      observe: (entry, facts) => {
        expect(facts.vault).toBe(world.vault);
        seen.push(entry.index);
      },
    });
    await expect(follower.follow()).rejects.toThrow(code('signature_invalid'));
    expect(seen).toEqual(log.entries.slice(0, index).map((_, i) => i));
    expect(follower.size).toBe(index);
  });

  test('names the entry that is at fault, keeps what was right before it and remembers nothing', async () => {
    const memory = new MapMemory();
    const index = 5;
    const entries = log.entries.map((text, i) => (i === index ? text.replace('"v":1', '"v":2') : text));
    const follower = followed(keptSource({ ...log, entries }), { memory });
    await expect(follower.follow()).rejects.toThrow(expect.objectContaining({ detail: { entry: index } }));
    expect([follower.size, memory.checkpoints.size]).toEqual([index, 0]);
  });

  test('names the first fault in the order of the log: a false signature before a broken rule', async () => {
    const index = log.entries.findIndex((text) => text.includes('"type":"custody"'));
    const other = (c: string) => (c === 'A' ? 'B' : 'A');
    const flip = (text: string) =>
      text.replace(/"signature":"(.{60})(.)/, (_, head: string, c: string) => `"signature":"${head}${other(c)}`);
    const entries = log.entries.map((text, i) => (i === index ? flip(text) : text));
    const follower = followed(keptSource({ ...log, entries }));
    // The entry after it does not chain to the one that was changed.
    await expect(follower.follow()).rejects.toThrow(
      expect.objectContaining({ code: 'signature_invalid', detail: { entry: index } }),
    );
  });

  test('refuses the log of another vault before it judges more than genesis', async () => {
    const source = liveSource(() => log);
    const follower = followed(source, { fingerprint: 'ab'.repeat(32) });
    await expect(follower.follow()).rejects.toThrow(
      expect.objectContaining({ code: 'wrong_genesis', detail: { entry: 0 } }),
    );
    expect([follower.state, source.requests]).toEqual([null, 1]);
    const generous: LogSource = { page: async () => log };
    await expect(followed(generous, { fingerprint: 'ab'.repeat(32) }).follow()).rejects.toThrow(code('wrong_genesis'));
  });

  test('refuses an empty log', async () => {
    await expect(followed(keptSource({ ...log, entries: [] })).follow()).rejects.toThrow(code('wrong_genesis'));
  });
});

describe('a follower that remembers a checkpoint', () => {
  test('refuses a log that is shorter', async () => {
    const memory = await remembering(world.log.length + 1, 'ab'.repeat(32));
    await expect(followed(keptSource(log), { memory }).follow()).rejects.toThrow(code('rolled_back'));
    await expect(followed(keptSource({ ...log, checkpoint: null }), { memory }).follow()).rejects.toThrow(
      code('rolled_back'),
    );
  });

  test('refuses a shorter checkpoint with the first page, before the rest of the log is judged', async () => {
    const memory = await remembering(world.log.length + 1, 'ab'.repeat(32));
    const follower = followed(
      liveSource(() => log),
      { memory },
    );
    await expect(follower.follow()).rejects.toThrow(code('rolled_back'));
    expect(follower.size).toBe(1);
  });

  test.each([1, 3, 4, 5])(
    'refuses a log that had another root at size %i, where the replay passes it',
    async (size) => {
      const memory = await remembering(size, 'ab'.repeat(32));
      const follower = followed(
        liveSource(() => log),
        { memory },
      );
      await expect(follower.follow()).rejects.toThrow(code('rolled_back'));
      expect(follower.size).toBe(size);
      expect(memory.checkpoints.get(world.vault)?.size).toBe(size);
    },
  );

  test('takes one that continues what is remembered', async () => {
    for (const size of [1, 4, 5, world.log.length]) {
      const memory = await remembering(size, roots[size - 1] ?? '');
      await followed(keptSource(log), { memory }).follow();
      expect(memory.checkpoints.get(world.vault)?.size).toBe(world.log.length);
    }
  });

  test('that goes on from a state refuses what the memory knows to be other', async () => {
    const follower = followed(keptSource(log));
    await follower.follow();
    for (const size of [2, world.log.length]) {
      const memory = await remembering(size, 'ab'.repeat(32));
      const again = new Follower(keptSource(log), options({ memory }), follower.state);
      await expect(again.follow()).rejects.toThrow(code('rolled_back'));
    }
  });

  test('replays the log where the state has forgotten its root at that size, and refuses another', async () => {
    const follower = followed(keptSource(log));
    await follower.follow();
    const { chain, facts } = follower.state as State;
    const old: State = { chain: { ...chain, recent: chain.recent.takeLast(2) }, facts };
    const goOn = async (memory: MapMemory) => {
      const again = new Follower(keptSource(log), options({ memory }), old);
      await again.follow();
      return again.signatures;
    };
    await expect(goOn(await remembering(3, 'ab'.repeat(32)))).rejects.toThrow(code('rolled_back'));
    expect(await goOn(await remembering(3, roots[2] ?? ''))).toBe(follower.signatures);
    const { size } = world.checkpoint();
    expect(await goOn(await remembering(size - 1, roots[size - 2] ?? ''))).toBe(0);
  });
});

describe('a checkpoint', () => {
  test('of more entries than the source gives: they are held back', async () => {
    const held = { ...log, entries: log.entries.slice(0, -1) };
    await expect(followed(keptSource(held)).follow()).rejects.toThrow(code('rolled_back'));
    const source = liveSource(() => held);
    await expect(followed(source).follow()).rejects.toThrow(code('rolled_back'));
  });

  test('of fewer entries than the log has at its end is not of this log', async () => {
    const other = world.fork();
    await other.append({ kind: 'heartbeat', body: {} });
    const longer = { ...keptLog(other), checkpoint: noteOf(world) };
    await expect(followed(keptSource(longer)).follow()).rejects.toThrow(code('checkpoint_invalid'));
  });

  test('of other entries is refused, at the end and within a page', async () => {
    const [one, two] = [world.fork(), world.fork()];
    two.now += 5000;
    for (const fork of [one, two]) await fork.append({ kind: 'heartbeat', body: {} });
    const crossed = { ...keptLog(one), checkpoint: noteOf(two) };
    await expect(followed(keptSource(crossed)).follow()).rejects.toThrow(code('checkpoint_invalid'));
    await one.append({ kind: 'heartbeat', body: {} });
    const within = { ...keptLog(one), checkpoint: noteOf(two) };
    const source = liveSource(() => within, 100);
    await expect(followed(source).follow()).rejects.toThrow(code('checkpoint_invalid'));
  });

  test('by another log’s key is refused with genesis', async () => {
    const { world: stranger } = await releasedWorld({ label: 'stranger' });
    const source = liveSource(() => ({ ...log, checkpoint: noteOf(stranger) }));
    const follower = followed(source);
    await expect(follower.follow()).rejects.toThrow(code('foreign_checkpoint'));
    expect(source.requests).toBe(1);
  });

  test('that a source does not have shows no end that was cut off, and is not remembered', async () => {
    const memory = new MapMemory();
    const follower = followed(keptSource({ ...log, checkpoint: null, entries: log.entries.slice(0, -1) }), { memory });
    await follower.follow();
    expect([follower.checkpoint, memory.checkpoints.size]).toEqual([null, 0]);
  });
});

describe('a vault that records while its log is followed', () => {
  test('is followed to where its last checkpoint is', async () => {
    const live = world.fork();
    const pages = [keptLog(live)];
    for (let i = 0; i < 3; i++) {
      live.now += 1000;
      await live.append({ kind: 'heartbeat', body: {} });
      pages.push(keptLog(live));
    }
    // As a vault reads: the checkpoint first, and entries that were recorded since.
    const source = liveSource((request) => {
      const [now, next] = [pages[Math.min(request, 3)], pages[Math.min(request + 1, 3)]];
      must(now !== undefined && next !== undefined, 'internal', 'no such page');
      return { ...next, checkpoint: now.checkpoint };
    }, 100);
    const memory = new MapMemory();
    const follower = followed(source, { memory });
    await follower.follow();
    expect(follower.size).toBe(live.log.length);
    expect(memory.checkpoints.get(world.vault)).toEqual({ size: live.log.length, root: live.checkpoint().root });
  });

  test('and then shows a checkpoint from before entries that it gave is refused', async () => {
    const later = world.fork();
    await later.append({ kind: 'heartbeat', body: {} });
    const source = liveSource(() => ({ ...keptLog(later), checkpoint: noteOf(world) }), 100);
    await expect(followed(source).follow()).rejects.toThrow(code('checkpoint_invalid'));
  });
});
