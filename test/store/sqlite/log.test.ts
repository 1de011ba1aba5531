import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { utf8 } from '../../../src/core/bytes.ts';
import { digestOf } from '../../../src/core/canonical.ts';
import { openDatabase } from '../../../src/store/sqlite/database.ts';
import { sqliteLog } from '../../../src/store/sqlite/log.ts';
import type { Batch, LogStore } from '../../../src/vault/ports.ts';
import { temporaryFolder } from '../sandbox.ts';
import { batch, envelopeRow, hex, hostShareRow, tokenRow } from './rows.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const MAX_INT64 = 2n ** 63n - 1n;

interface Opened {
  readonly path: string;
  readonly database: Database;
  readonly log: LogStore;
  reopen(): LogStore;
}

function openLog(): Opened {
  const path = join(temporaryFolder(), 'vault.sqlite');
  let database = openDatabase(path);
  onTestFinished(() => {
    database.close();
  });
  return {
    path,
    database,
    log: sqliteLog(database),
    reopen: () => {
      database.close();
      database = openDatabase(path);
      return sqliteLog(database);
    },
  };
}

/** All that `batch(n)` stored is there, or nothing of it. */
async function expectBatch(log: LogStore, n: number, isThere: boolean): Promise<void> {
  const { entries, tiles, objects, envelopes, hostShares, tokens } = batch(n);
  const some = <T>(rows: readonly T[]) => (isThere ? rows : []);
  expect(await log.entries(n, 1)).toEqual(some(entries));
  expect(await log.tile({ level: 0, index: n })).toEqual(isThere ? tiles[0]?.hashes : null);
  expect(await log.objects([...objects.keys()])).toEqual(isThere ? objects : new Map());
  expect(await log.envelopesOf(hex('manifest', n), hex('person', 1))).toEqual(some(envelopes));
  expect(await log.hostShares(hex('release', n), 0)).toEqual(some(hostShares));
  const token = isThere ? tokens[0] : null;
  expect(await log.token(hex('token', n))).toEqual(token);
  expect(await log.tokenOf(hex('release', n), 0)).toEqual(token);
}

describe('a new log', () => {
  test('is empty', async () => {
    const { log } = openLog();
    expect(await log.size()).toBe(0);
    expect(await log.entries(0, 10)).toEqual([]);
    expect(await log.checkpoint()).toBeNull();
    await expectBatch(log, 0, false);
  });
});

describe('commit', () => {
  test('stores all of a batch, also for after a restart', async () => {
    const { log, reopen } = openLog();
    await log.commit(batch(0));
    await log.commit(batch(1));
    for (const open of [() => log, reopen]) {
      const store = open();
      expect(await store.size()).toBe(2);
      expect(await store.checkpoint()).toEqual(utf8('checkpoint 2'));
      await expectBatch(store, 0, true);
      await expectBatch(store, 1, true);
    }
  });

  test('takes several entries, and none', async () => {
    const { log } = openLog();
    const entries = [0, 1, 2].map((index) => ({ index, bytes: utf8(`entry ${index}`) }));
    await log.commit(batch(0, { entries }));
    await log.commit(batch(1, { entries: [], objects: new Map() }));
    expect(await log.size()).toBe(3);
    expect(await log.entries(1, 1)).toEqual(entries.slice(1, 2));
    expect(await log.entries(1, 100)).toEqual(entries.slice(1));
  });

  test('keeps the object that is there', async () => {
    const { log } = openLog();
    const { objects } = batch(0);
    await log.commit(batch(0));
    await log.commit(batch(1, { objects }));
    expect(await log.objects([...objects.keys(), hex('other', 0)])).toEqual(objects);
  });

  test('erases the shares and tokens of a release, and of no other', async () => {
    const { log } = openLog();
    await log.commit(batch(0));
    await log.commit(batch(1));
    await log.commit(batch(2, { erase: [hex('release', 0)], hostShares: [], tokens: [] }));
    expect(await log.hostShares(hex('release', 0), 0)).toEqual([]);
    expect(await log.tokenOf(hex('release', 0), 0)).toBeNull();
    await expectBatch(log, 1, true);
    expect(await log.envelopesOf(hex('manifest', 0), hex('person', 1))).toEqual([envelopeRow(0)]);
  });

  test('what is erased is on the disk no more, the journal included', async () => {
    const { log, path } = openLog();
    const secret = Buffer.from('a share sealed to a host, which must go when the lease ends');
    await log.commit(batch(0, { hostShares: [{ ...hostShareRow(0), envelope: secret }] }));
    const isOnDisk = () => [path, `${path}-wal`].some((file) => existsSync(file) && readLocked(file).includes(secret));
    expect(isOnDisk()).toBe(true);
    await log.commit(batch(1, { erase: [hex('release', 0)] }));
    expect(isOnDisk()).toBe(false);
  });

  test.each<[string, string, Partial<Batch>]>([
    ['an entry is left out', 'index_gap', { entries: [{ index: 2, bytes: utf8('x') }] }],
    ['an entry is there already', 'index_gap', { entries: [{ index: 0, bytes: utf8('x') }] }],
    ['entries are not in order', 'index_gap', { entries: [2, 1].map((index) => ({ index, bytes: utf8('x') })) }],
    ['a later entry is left out', 'index_gap', { entries: [1, 3].map((index) => ({ index, bytes: utf8('x') })) }],
    ['an object is not of its digest', 'object_mismatch', { objects: new Map([[digestOf(utf8('a')), utf8('b')]]) }],
    ['an envelope is there already', 'SQLITE_CONSTRAINT_PRIMARYKEY', { envelopes: [envelopeRow(0)] }],
    ['a person has given this host a share', 'SQLITE_CONSTRAINT_PRIMARYKEY', { hostShares: [hostShareRow(0)] }],
    ['a host has a token', 'SQLITE_CONSTRAINT_UNIQUE', { tokens: [{ ...tokenRow(0), hash: hex('token', 9) }] }],
  ])('stores nothing where %s', async (_, name, changes) => {
    const { log, reopen } = openLog();
    await log.commit(batch(0));
    await expect(log.commit(batch(1, changes))).rejects.toThrow(code(name));
    for (const open of [() => log, reopen]) {
      const store = open();
      expect(await store.size()).toBe(1);
      expect(await store.checkpoint()).toEqual(utf8('checkpoint 1'));
      await expectBatch(store, 0, true);
      await expectBatch(store, 1, false);
    }
  });

  test('refuses an entry that reads back with a bit flipped', async () => {
    const { log, database, reopen } = openLog();
    await log.commit(batch(0));
    database.exec(
      `CREATE TRIGGER flip AFTER INSERT ON entries BEGIN
         UPDATE entries SET bytes = CAST('entrx 1' AS BLOB) WHERE position = NEW.position;
       END`,
    );
    await expect(log.commit(batch(1))).rejects.toThrow(code('storage_corrupt'));
    const store = reopen();
    expect(await store.size()).toBe(1);
    await expectBatch(store, 1, false);
  });

  const TABLES = ['entries', 'checkpoint', 'objects', 'custodian_envelopes', 'host_shares', 'tokens'];
  test.each([...TABLES.map((table) => `INSERT ON ${table}`), 'DELETE ON host_shares', 'DELETE ON tokens'])(
    'stores nothing where the %s fails, and can do it again',
    async (step) => {
      const { log, database, reopen } = openLog();
      await log.commit(batch(0));
      database.exec(`CREATE TRIGGER fault AFTER ${step} BEGIN SELECT RAISE(ABORT, 'planted'); END`);
      const next = batch(1, { erase: [hex('release', 0)] });
      await expect(log.commit(next)).rejects.toThrow('planted');
      const store = reopen();
      expect(await store.checkpoint()).toEqual(utf8('checkpoint 1'));
      await expectBatch(store, 0, true);
      await expectBatch(store, 1, false);
    },
  );

  test('says that the disk is full, stores nothing, and goes on when there is room', async () => {
    const { log, database, reopen } = openLog();
    await log.commit(batch(0));
    const pages = Number(database.pragma('page_count', { simple: true }));
    database.pragma(`max_page_count = ${pages}`);
    const object = new Uint8Array(100_000);
    const large = batch(1, { objects: new Map([...batch(1).objects, [digestOf(object), object]]) });
    await expect(log.commit(large)).rejects.toThrow(code('storage_full'));
    await expectBatch(log, 1, false);
    const store = reopen();
    await expectBatch(store, 0, true);
    await expectBatch(store, 1, false);
    await store.commit(large);
    await expectBatch(store, 1, true);
  });
});

describe('reserve', () => {
  const RELEASE = hex('release', 0);

  test('takes up to the limit and not a byte more, also after a restart', async () => {
    const { log, reopen } = openLog();
    expect(await log.reserve(RELEASE, 60n, 100n)).toBe(true);
    expect(await log.reserve(RELEASE, 41n, 100n)).toBe(false);
    const store = reopen();
    expect(await store.reserve(RELEASE, 41n, 100n)).toBe(false);
    expect(await store.reserve(RELEASE, 40n, 100n)).toBe(true);
    expect(await store.reserve(RELEASE, 1n, 100n)).toBe(false);
    expect(await store.reserve(hex('release', 1), 100n, 100n)).toBe(true);
  });

  test('gives back, under every later limit', async () => {
    const { log } = openLog();
    await log.reserve(RELEASE, 100n, 100n);
    expect(await log.reserve(RELEASE, -30n, 0n)).toBe(true);
    expect(await log.reserve(RELEASE, 31n, 100n)).toBe(false);
    expect(await log.reserve(RELEASE, 30n, 100n)).toBe(true);
  });

  test('does not give back more than was taken', async () => {
    const { log } = openLog();
    await log.reserve(RELEASE, 5n, 10n);
    await expect(log.reserve(RELEASE, -6n, 10n)).rejects.toThrow(code('internal'));
    expect(await log.reserve(RELEASE, 6n, 10n)).toBe(false);
  });

  test('counts exactly beyond 2^53, and ends where a column does', async () => {
    const { log, reopen } = openLog();
    const limit = 2n ** 64n - 1n;
    expect(await log.reserve(RELEASE, 2n ** 53n, limit)).toBe(true);
    expect(await log.reserve(RELEASE, 1n, limit)).toBe(true);
    expect(await reopen().reserve(RELEASE, 1n, 2n ** 53n + 1n)).toBe(false);
    expect(await openLog().log.reserve(RELEASE, MAX_INT64 + 1n, limit)).toBe(false);
    const other = openLog().log;
    expect(await other.reserve(RELEASE, MAX_INT64, limit)).toBe(true);
    expect(await other.reserve(RELEASE, 1n, limit)).toBe(false);
  });
});

test('what it gives out are plain bytes, which no other holder shares', async () => {
  const { log } = openLog();
  await log.commit(batch(0));
  const [entry] = await log.entries(0, 1);
  expect(Buffer.isBuffer(entry?.bytes)).toBe(false);
  entry?.bytes.fill(0);
  await expectBatch(log, 0, true);
});

/** Through a descriptor that stays open: closing one would drop the database's locks. */
function readLocked(path: string): Buffer {
  const handle = openSync(path, 'r');
  onTestFinished(() => closeSync(handle));
  const bytes = Buffer.alloc(fstatSync(handle).size);
  readSync(handle, bytes);
  return bytes;
}
