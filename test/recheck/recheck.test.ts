import { createHmac, hkdfSync } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { fromHex } from '../../src/core/bytes.ts';
import { frame } from '../../src/core/frame.ts';
import { STATE_RULES } from '../../src/core/state/snapshot.ts';
import type { Daemon } from '../../src/daemon.ts';
import { LOG_KEY_FILE } from '../../src/founding/initialise.ts';
import type { LogCheck } from '../../src/recheck/recheck-beside.ts';
import { DATABASE_FILE } from '../../src/store/open.ts';
import { SNAPSHOT_FILE } from '../../src/store/snapshot.ts';
import { liveRelease } from '../../src/vault/release.ts';
import { ask } from '../http/ask.ts';
import { proposeAs } from '../world/vault/acts.ts';
import { openVault, startInProcess, type Vault } from '../world/vault/vault.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const code = (name: string) => expect.objectContaining({ code: name });
const unfit = (name: string) => ({ kind: 'unfit', error: code(name) });
const path = (name: string) => join(vault.prepared.dataDir, name);

interface Copy {
  readonly database: Buffer;
  readonly snapshot: Buffer;
  readonly entries: number;
}

let vault: Vault;
/** The folder of one vault at two times, each after its daemon has ended. */
let earlier: Copy;
let later: Copy;

beforeAll(async () => {
  vault = await openVault();
  earlier = await copyAtEnd();
  await vault.restart();
  const policy = { ...vault.daemon.context.recorder.facts.policy.document, veto: true };
  await vault.signInAgain();
  await proposeAs(vault.ana, { kind: 'policy', policy, reason: 'a test' });
  later = await copyAtEnd();
});
afterAll(() => rmSync(vault.prepared.dataDir, { recursive: true }));

async function copyAtEnd(): Promise<Copy> {
  const entries = vault.daemon.context.recorder.size;
  await vault.daemon.close();
  return { entries, database: readFileSync(path(DATABASE_FILE)), snapshot: readFileSync(path(SNAPSHOT_FILE)) };
}

let told: LogCheck[] = [];
beforeEach(() => {
  told = [];
  lay(later.database, later.snapshot);
});

function lay(database: Uint8Array, snapshot: Uint8Array): void {
  writeFileSync(path(DATABASE_FILE), database);
  writeFileSync(path(SNAPSHOT_FILE), snapshot);
}

async function start(): Promise<Daemon> {
  const daemon = await startInProcess(vault.prepared.dataDir, [], { onLogCheck: (found) => told.push(found) });
  onTestFinished(() => daemon.close());
  return daemon;
}

/** What is told in the end: whether the whole log is right. */
const verdict = () => vi.waitFor(() => expect(told.at(-1)?.kind).toMatch(/verified|fault/), { timeout: 30_000 });

describe('a daemon', () => {
  test('starts from the snapshot that the last one left, and verifies the whole log beside', async () => {
    const { context } = await start();
    expect(context.recorder.size).toBe(later.entries);
    await verdict();
    expect(told).toEqual([{ kind: 'verified', entries: later.entries }]);
    expect(context.recorder.fault).toBeNull();
  });

  test('replays what the log has beyond a snapshot', async () => {
    lay(later.database, earlier.snapshot);
    const { context } = await start();
    expect(context.recorder.size).toBe(later.entries);
    await verdict();
    expect(told).toEqual([{ kind: 'verified', entries: earlier.entries }]);
  });

  test('does not start on a log that is shorter than the one that its snapshot is of', async () => {
    lay(earlier.database, later.snapshot);
    await expect(start()).rejects.toThrow(expect.objectContaining({ code: 'rolled_back' }));
    expect(told).toEqual([]);
  });

  test('takes no snapshot that was changed, and replays the log', async () => {
    lay(later.database, later.snapshot.with(100, (later.snapshot[100] ?? 0) ^ 1));
    const { context } = await start();
    expect(context.recorder.size).toBe(later.entries);
    expect(told).toEqual([unfit('digest_mismatch')]);
  });

  test('takes no snapshot of other rules, though its MAC is true', async () => {
    const written = later.snapshot.subarray(32).toString('latin1');
    const text = written.replace(`"rules":${STATE_RULES}`, `"rules":${STATE_RULES + 1}`);
    expect(text).not.toBe(written);
    const body = Buffer.from(text, 'latin1');
    const seed = fromHex(readFileSync(path(LOG_KEY_FILE), 'utf8').trim());
    const key = Buffer.from(hkdfSync('sha256', seed, '', frame('twinlock/v1/snapshot'), 32));
    lay(later.database, Buffer.concat([createHmac('sha256', key).update(body).digest(), body]));
    const { context } = await start();
    expect(context.recorder.size).toBe(later.entries);
    expect(told).toEqual([unfit('unsupported_version')]);
  });

  test('refuses a snapshot of another log than the stored tiles are of', async () => {
    alter('UPDATE tiles SET hashes = zeroblob(length(hashes))');
    await expect(start()).rejects.toThrow(code('storage_corrupt'));
    expect(told).toEqual([unfit('storage_corrupt')]);
  });
});

describe('a log with a fault before its snapshot', () => {
  beforeEach(() => {
    // Its place, time and signature stay; the founders' names do not.
    alter(`UPDATE entries SET bytes = CAST(replace(bytes, '"name":"ana"', '"name":"eve"') AS BLOB) WHERE position = 0`);
  });

  test('is found beside the work: the vault is not ready, and grants nothing', async () => {
    const daemon = await start();
    await verdict();
    expect(told).toEqual([
      { kind: 'fault', error: expect.objectContaining({ detail: expect.objectContaining({ entry: 0 }) }) },
    ]);
    expect(() => liveRelease(daemon.context, '00'.repeat(32))).toThrow(code('storage_corrupt'));
    const { status, body } = await ask(daemon.url, { path: '/readyz', method: 'GET' });
    expect(status).toBe(503);
    expect(body.toString()).toContain('the log has a fault');
    const vaultStatus = await ask(daemon.url, { path: '/v1/vault', method: 'GET' });
    expect(JSON.parse(vaultStatus.body.toString())).toMatchObject({
      fault: { code: told[0]?.kind === 'fault' ? told[0].error.code : '', entry: 0 },
    });
  });

  test('is met by the next start before it serves', async () => {
    const daemon = await start();
    await verdict();
    await daemon.close();
    expect(existsSync(path(SNAPSHOT_FILE))).toBe(false);
    await expect(start()).rejects.toThrow(expect.objectContaining({ detail: expect.objectContaining({ entry: 0 }) }));
  });
});

function alter(sql: string): void {
  const database = new Sqlite(path(DATABASE_FILE));
  expect(database.prepare(sql).run().changes).toBeGreaterThan(0);
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
}
