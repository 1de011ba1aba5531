import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openStore, type Store } from '../../src/store/open.ts';
import { body, ciphertext, collect, expectBytes, leavesOf, MIB } from './bodies.ts';
import { temporaryFolder } from './sandbox.ts';
import { batch } from './sqlite/rows.ts';
import { acknowledged, FILE_BYTES, MANIFEST, UPLOAD } from './writer.ts';

const IN_USE = expect.objectContaining({ code: 'in_use' });
const root = join(import.meta.dirname, '../..');
/** The daemon's own; a runner started by hand may run on an older one, which reads no TypeScript. */
const ownNode = join(root, 'node_modules/.bin/node');
const node = existsSync(ownNode) ? ownNode : process.execPath;

function open(dataDir: string): Store {
  const store = openStore(dataDir);
  onTestFinished(() => store.close());
  return store;
}

test('makes the data folder, for its owner only', async () => {
  const dataDir = join(temporaryFolder(), 'deep', 'data');
  const store = open(dataDir);
  await store.log.commit(batch(0));
  expect(readdirSync(dataDir).sort()).toEqual(['uploads', 'vault.sqlite', 'vault.sqlite-wal', 'versions']);
  for (const folder of ['', 'uploads', 'versions']) {
    expect(statSync(join(dataDir, folder)).mode & 0o777).toBe(0o700);
  }
  for (const file of ['vault.sqlite', 'vault.sqlite-wal']) {
    expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
  }
});

test('all four stores are there again after a restart', async () => {
  const dataDir = temporaryFolder();
  const first = openStore(dataDir);
  await first.log.commit(batch(0));
  await first.blobs.storePart(UPLOAD, 0, 0, { plainBytes: 5, maxSegments: 1, body: body(ciphertext(5, 1)) });
  await first.blobs.seal(UPLOAD, MANIFEST, [0]);
  first.close();
  const { log, founding, uploads, blobs } = open(dataDir);
  expect(await log.size()).toBe(1);
  expect(await founding.founding()).toBeNull();
  expect(await uploads.uploads()).toEqual([]);
  expectBytes(await collect(blobs.leaves(MANIFEST, 0)), leavesOf(ciphertext(5, 1), 5));
});

test('a damaged database is named where the damage is met', async () => {
  const dataDir = temporaryFolder();
  const store = openStore(dataDir);
  for (let n = 0; n < 50; n++) await store.log.commit(batch(n));
  store.close();
  const path = join(dataDir, 'vault.sqlite');
  const bytes = readFileSync(path);
  for (let page = 2; page * 4096 < bytes.length; page++) bytes.fill(0xa5, page * 4096, page * 4096 + 64);
  writeFileSync(path, bytes);
  const readAll = async () => {
    const { log, close } = openStore(dataDir);
    try {
      await log.entries(0, 50);
    } finally {
      close();
    }
  };
  await expect(readAll()).rejects.toThrow(expect.objectContaining({ code: 'storage_corrupt' }));
});

test('gives the folder free where it cannot be opened whole', () => {
  const dataDir = temporaryFolder();
  writeFileSync(join(dataDir, 'uploads'), 'not a folder');
  const inTheWay = expect.objectContaining({
    code: 'exists',
    message: expect.stringContaining(join(dataDir, 'uploads')),
  });
  expect(() => openStore(dataDir)).toThrow(inTheWay);
  expect(() => openStore(dataDir)).toThrow(inTheWay);
});

/** A process that writes to the data folder until it is killed; `lines` fills with what it has acknowledged. */
async function startWriter(dataDir: string): Promise<{ readonly child: ChildProcess; readonly lines: () => string[] }> {
  const child = spawn(node, [join(import.meta.dirname, 'writer.ts'), dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child.stdout, 'data');
  // What follows the last line end was cut by the kill.
  return { child, lines: () => output.split('\n').slice(0, -1) };
}

async function kill(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

describe('a data folder', () => {
  test('is not opened twice in one process', () => {
    const dataDir = temporaryFolder();
    const first = openStore(dataDir);
    expect(() => openStore(dataDir)).toThrow(IN_USE);
    first.close();
    open(dataDir);
  });

  test('is not opened by a second process, and is free at once when the first is killed', async () => {
    const dataDir = temporaryFolder();
    const { child } = await startWriter(dataDir);
    expect(() => openStore(dataDir)).toThrow(IN_USE);
    // Named where the system has a list of locks.
    const who = existsSync('/proc/locks') ? `twinlockd (process ${child.pid})` : 'twinlockd';
    expect(() => openStore(dataDir)).toThrow(
      `${dataDir}/vault.sqlite: the data folder is in use by another ${who}: stop that one first`,
    );
    await kill(child);
    open(dataDir);
  });

  test('stays locked after a refused opening, for other processes too', async () => {
    const dataDir = temporaryFolder();
    const first = open(dataDir);
    expect(() => openStore(dataDir)).toThrow(IN_USE);
    const child = spawn(node, [join(import.meta.dirname, 'writer.ts'), dataDir], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += text;
    });
    await once(child, 'close');
    expect(errors).toContain('in_use');
    await first.log.commit(batch(0));
  });
});

describe('a process that is killed at any instant', () => {
  test('leaves everything that it has acknowledged, and nothing half', async () => {
    const dataDir = temporaryFolder();
    let [known, wrote] = [0, 0];
    for (let round = 0; round < 12; round++) {
      const { child, lines } = await startWriter(dataDir);
      await new Promise((resolve) => setTimeout(resolve, (round * 37) % 110));
      await kill(child);
      wrote += lines().length;
      known = await recheck(dataDir, known, acknowledged(lines()));
    }
    const { log } = open(dataDir);
    expect(await log.entries(0, known)).toEqual(Array.from({ length: known }, (_, n) => batch(n).entries[0]));
    expect(wrote).toBeGreaterThan(24);
  }, 60_000);
});

/** Opens what the dead process left, compares what is new with what it told, and returns the log's size. */
async function recheck(dataDir: string, before: number, told: ReturnType<typeof acknowledged>): Promise<number> {
  const store = openStore(dataDir);
  try {
    const { log } = store;
    const size = await log.size();
    expect(size).toBeGreaterThanOrEqual(Math.max(before, told.size));
    expect(new TextDecoder().decode((await log.checkpoint()) ?? undefined)).toBe(
      size === 0 ? '' : `checkpoint ${size}`,
    );
    for (let n = before; n <= size; n++) await expectBatch(store, n, n < size);
    await expectUpload(store, told.segments);
    return size;
  } finally {
    store.close();
  }
}

async function expectBatch({ log }: Store, n: number, isThere: boolean): Promise<void> {
  const { entries, objects, tokens, hostShares } = batch(n);
  const [share] = hostShares;
  const found = [
    await log.entries(n, 1),
    await log.objects([...objects.keys()]),
    await log.token(tokens[0]?.hash ?? ''),
    await log.hostShares(share?.release ?? '', 0),
  ];
  expect(found).toEqual(isThere ? [entries, objects, tokens[0], hostShares] : [[], new Map(), null, []]);
}

/** The segments that the row names are on the disk with their leaves, and at least those that were told. */
async function expectUpload({ uploads, blobs }: Store, told: number): Promise<void> {
  const upload = await uploads.upload(UPLOAD);
  const segments = upload?.segments[0] ?? 0;
  expect(segments).toBeGreaterThanOrEqual(told);
  if (segments === 0) return;
  const bytes = ciphertext(FILE_BYTES, 1);
  const leaves = leavesOf(bytes, FILE_BYTES).subarray(0, 32 * segments);
  expectBytes((await collect(blobs.uploadLeaves(UPLOAD, 0))).subarray(0, leaves.length), leaves);
  if (segments * MIB < FILE_BYTES) return;
  await blobs.seal(UPLOAD, MANIFEST, [0]);
  expectBytes(await collect(blobs.read(MANIFEST, 0, 74, 74 + bytes.length)), bytes);
  await uploads.drop(UPLOAD);
  expect(await blobs.sweep([], [])).toBe(1);
}
