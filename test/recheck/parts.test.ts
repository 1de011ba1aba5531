import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Hex } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { leafHash } from '../../src/core/log/merkle.ts';
import { appendToTiles, EMPTY_EDGE } from '../../src/core/log/tiles.ts';
import type { OpenedLog } from '../../src/data-folder/data-folder.ts';
import { keepSnapshots } from '../../src/recheck/keep-snapshots.ts';
import { recheck } from '../../src/recheck/recheck.ts';
import { type LogCheck, recheckBeside } from '../../src/recheck/recheck-beside.ts';
import { PAGE_BYTES } from '../../src/vault/limits.ts';
import type { LogStore } from '../../src/vault/ports.ts';
import { World } from '../world/world.ts';

const LONG_MS = 60 * 60_000;
let world: World;
beforeAll(async () => {
  world = await World.found();
  await world.confirm(await world.deposit(), ...world.founding.founders);
});

/** The world's log as a store has it, with `extra` beside the objects of every answer. */
function logOf(extra: ReadonlyMap<Hex, Uint8Array> = new Map()) {
  const { tiles } = appendToTiles(EMPTY_EDGE, world.log.map(leafHash));
  const rows = world.log.map((bytes, index) => ({ index, bytes }));
  const log = {
    entries: vi.fn<LogStore['entries']>(async (from, limit) => rows.slice(from, from + limit)),
    objects: vi.fn<LogStore['objects']>(async (digests) => {
      const named = [...world.objects].filter(([digest]) => digests.includes(digest));
      return new Map([...named, ...extra]);
    }),
    tile: vi.fn<LogStore['tile']>(async ({ level, index }) => {
      return tiles.find((tile) => tile.level === level && tile.index === index)?.hashes ?? null;
    }),
  };
  return log;
}

describe('a recheck', () => {
  test('takes pages that are bounded in bytes', async () => {
    const log = logOf(new Map([['00'.repeat(32), new Uint8Array(PAGE_BYTES)]]));
    expect(await recheck(log, world.state, new AbortController().signal)).toBe(true);
    expect(log.entries.mock.calls.map(([from]) => from)).toEqual(world.log.map((_, at) => at));
  });

  test('says where the store has no more entries', async () => {
    const log = { ...logOf(), entries: async () => [] };
    const fault = { code: 'storage_corrupt', detail: { entry: 0 } };
    await expect(recheck(log, world.state, new AbortController().signal)).rejects.toThrow(
      expect.objectContaining(fault),
    );
  });

  test('ends without a verdict while a page is being verified', async () => {
    const closing = new AbortController();
    const log = logOf();
    const checked = recheck(log, world.state, closing.signal);
    await vi.waitFor(() => expect(log.objects).toHaveBeenCalledTimes(world.log.length), { interval: 1 });
    closing.abort();
    expect(await checked).toBe(false);
    expect(log.tile).not.toHaveBeenCalled();
  });
});

/**
 * Runs a daemon that cannot read the log's entries the first time. Returns what it tells its operator and what it does.
 */
function beside(againMs: number, closing = new AbortController()) {
  const told: LogCheck[] = [];
  const log = logOf();
  log.entries.mockRejectedValueOnce(new Error('no memory'));
  const opened = { recorder: {}, believed: world.state } as OpenedLog;
  const snapshot = { discard: async () => undefined };
  const tell = (found: LogCheck) => told.push(found);
  const ended = recheckBeside(opened, { log: log as never, snapshot, signal: closing.signal, tell, againMs });
  return { told, ended, closing };
}

describe('a recheck without a verdict', () => {
  test('is tried again', async () => {
    const { told, ended } = beside(1);
    await ended;
    expect(told.map(({ kind }) => kind)).toEqual(['undecided', 'verified']);
  });

  test('is not waited for when the daemon ends', async () => {
    const { told, ended, closing } = beside(LONG_MS);
    await vi.waitFor(() => expect(told).toHaveLength(1));
    closing.abort();
    await ended;
    expect(told.map(({ kind }) => kind)).toEqual(['undecided']);
  });
});

describe('the snapshots that a daemon keeps', () => {
  const onFault = (error: unknown) => expect(error).toBeNull();

  function opened(believed: OpenedLog['believed']) {
    const recorder = { state: world.state, fault: null as TwinlockError | null, size: 3, onRecorded: () => () => true };
    return { recorder, log: { recorder, believed } as unknown as OpenedLog };
  }

  test('begin at once where the whole log was replayed, and only there', async () => {
    const write = vi.fn(async () => undefined);
    keepSnapshots(opened(world.state).log, { write, discard: write }, onFault);
    expect(write).not.toHaveBeenCalled();
    keepSnapshots(opened(null).log, { write, discard: write }, onFault);
    await vi.waitFor(() => expect(write).toHaveBeenCalledOnce());
  });

  test('are gone where a fault is found while one is written', async () => {
    const { recorder, log } = opened(world.state);
    const write = async () => {
      recorder.fault = new TwinlockError('storage_corrupt', 'a test');
    };
    const discard = vi.fn(async () => undefined);
    await keepSnapshots(log, { write, discard }, onFault)();
    expect(discard).toHaveBeenCalledOnce();
  });
});
