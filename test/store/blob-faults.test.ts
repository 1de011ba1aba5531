import { describe, expect, test } from 'vitest';
import { encryptedBytes } from '../../src/core/weights/floe.ts';
import { packOf } from '../../src/core/weights/pack.ts';
import type { BlobFolders } from '../../src/store/blob-place.ts';
import { folderBlobs } from '../../src/store/blobs.ts';
import { type FileSystem, nodeFiles, type OpenFile } from '../../src/store/files.ts';
import type { BlobStore } from '../../src/vault/ports.ts';
import { body, ciphertext, collect, expectBytes, leavesOf, MIB, segmentsOf } from './bodies.ts';
import { blobFolders } from './sandbox.ts';

const UPLOAD = '0a'.repeat(16);
const MANIFEST = '1a'.repeat(32);
const STALE = '0c'.repeat(16);
const PLAIN_BYTES = 2 * MIB + 5;
const CIPHERTEXT = ciphertext(PLAIN_BYTES, 1);
const LEAVES = leavesOf(CIPHERTEXT, PLAIN_BYTES);

/** Whether the call that fails had no effect, a part of it, or all of it before the failure was told. */
type Effect = 'none' | 'half' | 'whole';

/** Lets the `failing`th call (from 0) fail as a full disk does; `calls` are the names of all that were made. */
function faultyFiles(failing: number, effect: Effect): { readonly files: FileSystem; readonly calls: string[] } {
  const calls: string[] = [];
  async function call<T>(name: string, act: () => Promise<T>, half: () => Promise<unknown> = act): Promise<T> {
    if (calls.push(name) - 1 !== failing) return act();
    if (effect === 'half') await half();
    if (effect === 'whole') {
      const result = await act();
      if (isOpenFile(result)) await result.close();
    }
    throw Object.assign(new Error(`${name} fails`), { code: 'ENOSPC' });
  }
  const watch = (file: OpenFile): OpenFile => ({
    ...file,
    size: () => call('size', file.size),
    read: (into, at) => call('read', () => file.read(into, at)),
    write: (bytes, at) =>
      call(
        'write',
        () => file.write(bytes, at),
        () => file.write(bytes.subarray(0, bytes.length >> 1), at),
      ),
    truncate: (bytes) => call('truncate', () => file.truncate(bytes)),
    sync: () => call('sync', file.sync),
  });
  const files: FileSystem = {
    openToRead: async (path) => {
      const file = await call('openToRead', () => nodeFiles.openToRead(path), none);
      return file === null ? null : watch(file);
    },
    openToWrite: async (path) => watch(await call('openToWrite', () => nodeFiles.openToWrite(path), none)),
    makeFolder: (path) => call('makeFolder', () => nodeFiles.makeFolder(path)),
    names: (folder) => call('names', () => nodeFiles.names(folder)),
    syncFolder: (path) => call('syncFolder', () => nodeFiles.syncFolder(path)),
    rename: (from, to) => call('rename', () => nodeFiles.rename(from, to), none),
    freeBytes: (folder) => call('freeBytes', () => nodeFiles.freeBytes(folder)),
    remove: (path) => call('remove', () => nodeFiles.remove(path), none),
  };
  return { files, calls };
}

const none = async () => {};
const isOpenFile = (value: unknown): value is OpenFile =>
  typeof value === 'object' && value !== null && 'close' in value;

const part = (first: number, end?: number) => ({
  plainBytes: PLAIN_BYTES,
  maxSegments: 16,
  body: body(segmentsOf(CIPHERTEXT, PLAIN_BYTES, first, end)),
});

const SIZES = [200, 10, 0, 1000];
const PACK = packOf(SIZES);
const SMALL = PACK.files.map(({ file }) => ciphertext(SIZES[file] ?? 0, file));
const SMALL_LEAVES = new Uint8Array(Buffer.concat(SMALL.map((bytes, i) => leavesOf(bytes, SIZES[i + 1] ?? 0))));
const packPart = (from: number, to: number) => ({
  files: PACK.files.slice(from),
  storedBytes: PACK.files[from]?.offset ?? 0,
  pack: PACK,
  body: body(Buffer.concat(SMALL.slice(from, to))),
});

async function hasSmallLeaves(blobs: BlobStore, files: number): Promise<void> {
  const leaves = await collect(blobs.uploadLeaves(UPLOAD, 'pack'));
  expect(leaves.subarray(0, 32 * files)).toEqual(SMALL_LEAVES.subarray(0, 32 * files));
}

async function packSealed(blobs: BlobStore): Promise<void> {
  await hasSmallLeaves(blobs, 3);
  await blobs.seal(UPLOAD, MANIFEST, ['pack']);
  expectBytes(await collect(blobs.read(MANIFEST, 'pack', 0, PACK.bytes)), Buffer.concat(SMALL));
}

interface Scenario {
  readonly name: string;
  /** On a sound disk, before. */
  prepare(blobs: BlobStore): Promise<unknown>;
  /** What meets the fault, and what is tried again after it. */
  act(blobs: BlobStore): Promise<unknown>;
  /** What must hold after the fault, on a sound disk again. */
  kept(blobs: BlobStore): Promise<void>;
  /** What must hold when the act has been done again. */
  done(blobs: BlobStore): Promise<void>;
  readonly calls: readonly string[];
}

async function hasLeaves(blobs: BlobStore, segments: number): Promise<void> {
  const leaves = await collect(blobs.uploadLeaves(UPLOAD, 0));
  expect(leaves.subarray(0, 32 * segments)).toEqual(LEAVES.subarray(0, 32 * segments));
}

async function hasVersion(blobs: BlobStore): Promise<void> {
  expect(await collect(blobs.leaves(MANIFEST, 0))).toEqual(LEAVES);
  const bytes = await collect(blobs.read(MANIFEST, 0, 74, encryptedBytes(PLAIN_BYTES)));
  expectBytes(bytes, CIPHERTEXT);
}

async function sealed(blobs: BlobStore): Promise<void> {
  await hasLeaves(blobs, 3);
  await blobs.seal(UPLOAD, MANIFEST, [0]);
  await hasVersion(blobs);
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'storePart, the first of a file',
    prepare: none,
    act: (blobs) => blobs.storePart(UPLOAD, 0, 0, part(0)),
    kept: none,
    done: sealed,
    calls: ['freeBytes', 'makeFolder', 'openToWrite', 'truncate', 'write', 'sync', 'syncFolder'],
  },
  {
    name: 'storePart, a later one',
    prepare: (blobs) => blobs.storePart(UPLOAD, 0, 0, part(0, 1)),
    act: (blobs) => blobs.storePart(UPLOAD, 0, 1, part(1)),
    kept: (blobs) => hasLeaves(blobs, 1),
    done: sealed,
    calls: ['freeBytes', 'makeFolder', 'openToWrite', 'size', 'truncate', 'write', 'sync'],
  },
  {
    name: 'storePack, the first part',
    prepare: none,
    act: (blobs) => blobs.storePack(UPLOAD, packPart(0, 3)),
    kept: none,
    done: packSealed,
    calls: ['freeBytes', 'makeFolder', 'openToWrite', 'size', 'write', 'truncate', 'sync', 'syncFolder'],
  },
  {
    name: 'storePack, a later part',
    prepare: (blobs) => blobs.storePack(UPLOAD, packPart(0, 1)),
    act: (blobs) => blobs.storePack(UPLOAD, packPart(1, 3)),
    kept: (blobs) => hasSmallLeaves(blobs, 1),
    done: packSealed,
    calls: ['freeBytes', 'makeFolder', 'openToWrite', 'size', 'write', 'truncate', 'sync'],
  },
  {
    name: 'seal',
    prepare: (blobs) => blobs.storePart(UPLOAD, 0, 0, part(0)),
    act: (blobs) => blobs.seal(UPLOAD, MANIFEST, [0]),
    kept: none,
    done: hasVersion,
    calls: ['names', 'openToWrite', 'sync', 'syncFolder', 'rename'],
  },
  {
    name: 'seal, with a file that is not of the version',
    prepare: async (blobs) => {
      await blobs.storePart(UPLOAD, 0, 0, part(0));
      await blobs.storePart(UPLOAD, 1, 0, part(0));
    },
    act: (blobs) => blobs.seal(UPLOAD, MANIFEST, [0]),
    kept: none,
    done: hasVersion,
    calls: ['names', 'remove', 'openToWrite', 'sync', 'syncFolder', 'rename'],
  },
  {
    name: 'sweep',
    prepare: async (blobs) => {
      await blobs.storePart(UPLOAD, 0, 0, part(0));
      await blobs.storePart(STALE, 0, 0, part(0, 1));
    },
    act: (blobs) => blobs.sweep([UPLOAD], []),
    kept: (blobs) => hasLeaves(blobs, 3),
    done: sealed,
    calls: ['names', 'remove', 'syncFolder'],
  },
  {
    name: 'read and leaves',
    prepare: async (blobs) => {
      await blobs.storePart(UPLOAD, 0, 0, part(0));
      await blobs.seal(UPLOAD, MANIFEST, [0]);
    },
    act: hasVersion,
    kept: hasVersion,
    done: hasVersion,
    calls: ['openToRead', 'size', 'read'],
  },
];

async function countCalls(scenario: Scenario): Promise<readonly string[]> {
  const folders = blobFolders();
  await scenario.prepare(folderBlobs(folders));
  const { files, calls } = faultyFiles(Number.POSITIVE_INFINITY, 'none');
  await scenario.act(folderBlobs(folders, files));
  return calls;
}

async function failOnce(scenario: Scenario, folders: BlobFolders, failing: number, effect: Effect): Promise<void> {
  await scenario.prepare(folderBlobs(folders));
  const { files } = faultyFiles(failing, effect);
  await expect(scenario.act(folderBlobs(folders, files))).rejects.toThrow(
    expect.objectContaining({ code: 'storage_full' }),
  );
  await scenario.kept(folderBlobs(folders));
  await scenario.act(folderBlobs(folders));
  await scenario.done(folderBlobs(folders));
}

describe.each(SCENARIOS)('each call that fails in $name', (scenario) => {
  test('the table meets every kind of call', async () => {
    expect(new Set(await countCalls(scenario))).toEqual(new Set(scenario.calls));
  });

  test.each<Effect>(['none', 'half', 'whole'])(
    'nothing acknowledged is lost and it can be done again (effect of the failed call: %s)',
    async (effect) => {
      const calls = await countCalls(scenario);
      for (const failing of calls.keys()) await failOnce(scenario, blobFolders(), failing, effect);
    },
  );
});
