import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/store/sqlite/database.ts';
import { sqliteUploads } from '../../../src/store/sqlite/uploads.ts';
import type { Upload } from '../../../src/vault/ports.ts';
import { temporaryFolder } from '../sandbox.ts';

const code = (name: string) => expect.objectContaining({ code: name });

const upload = (n: number, files = [10, 0, 2 ** 44]): Upload => ({
  id: `0${n}`.repeat(16),
  depositor: `ed25519:${n}`,
  opener: `f${n}`.repeat(16),
  model: 'acme/ocr',
  version: `${n}`,
  files,
  segments: files.map(() => 0),
  turn: 0,
  opened: 1_600_000_000_000,
  expires: 1_700_000_000_000,
});

function openUploads() {
  const path = join(temporaryFolder(), 'vault.sqlite');
  let database = openDatabase(path);
  onTestFinished(() => {
    database.close();
  });
  return {
    database,
    store: sqliteUploads(database),
    reopen: () => {
      database.close();
      database = openDatabase(path);
      return sqliteUploads(database);
    },
  };
}

test('keeps uploads with their files in order, also 10,000 of them', async () => {
  const { store, reopen } = openUploads();
  const uploads = [
    upload(1),
    upload(
      2,
      Array.from({ length: 10_000 }, (_, i) => i),
    ),
  ];
  for (const each of uploads) await store.open(each);
  for (const open of [() => store, reopen]) {
    const again = open();
    expect(await again.upload(upload(2).id)).toEqual(uploads[1]);
    expect(await again.uploads()).toEqual(uploads);
    expect(await again.upload(upload(3).id)).toBeNull();
  }
});

test('advances one file of one upload, durably', async () => {
  const { store, reopen } = openUploads();
  await store.open(upload(1));
  await store.open(upload(2));
  await store.advance(upload(1).id, 0, 2, 16);
  await store.advance(upload(1).id, 0, 2, 16);
  await store.advance(upload(1).id, 0, 2, 17);
  expect(await reopen().uploads()).toEqual([{ ...upload(1), segments: [0, 0, 17] }, upload(2)]);
});

test('advances small files together or not at all, and forgets those that move when one of them gets another size', async () => {
  const { store, reopen } = openUploads();
  await store.open(upload(1, [10, 1, 2, 3]));
  await expect(store.advancePacked(upload(1).id, 0, [1, 2, 4])).rejects.toThrow(code('upload_unknown'));
  await expect(store.advancePacked(upload(1).id, 1, [1, 2])).rejects.toThrow(code('upload_conflict'));
  expect((await store.upload(upload(1).id))?.segments).toEqual([0, 0, 0, 0]);
  await store.advancePacked(upload(1).id, 0, [1, 2, 3]);
  const again = reopen();
  expect((await again.upload(upload(1).id))?.segments).toEqual([0, 1, 1, 1]);
  await again.restart(upload(1).id, 0, 2, 20, [3]);
  expect(await again.upload(upload(1).id)).toMatchObject({ turn: 1, files: [10, 1, 20, 3], segments: [0, 1, 0, 0] });
});

test('never takes back what was acknowledged', async () => {
  const { store } = openUploads();
  await store.open(upload(1));
  await store.advance(upload(1).id, 0, 0, 5);
  await expect(store.advance(upload(1).id, 0, 0, 4)).rejects.toThrow(code('upload_conflict'));
  expect((await store.upload(upload(1).id))?.segments).toEqual([5, 0, 0]);
});

test('does not advance what is not there: another file, a dropped upload', async () => {
  const { store } = openUploads();
  await store.open(upload(1));
  await expect(store.advance(upload(1).id, 0, 3, 1)).rejects.toThrow(code('upload_unknown'));
  await store.drop(upload(1).id);
  await expect(store.advance(upload(1).id, 0, 0, 1)).rejects.toThrow(code('upload_unknown'));
});

test('drops an upload with its files, and no other; once more changes nothing', async () => {
  const { store, database } = openUploads();
  await store.open(upload(1));
  await store.open(upload(2));
  await store.drop(upload(1).id);
  await store.drop(upload(1).id);
  expect(await store.uploads()).toEqual([upload(2)]);
  expect(database.prepare('SELECT count(*) FROM upload_files').pluck().get()).toBe(3);
});

test('opens an upload in the place of another, both or neither', async () => {
  const { store, reopen } = openUploads();
  await store.open(upload(1));
  await store.open(upload(2));
  await store.open(upload(3), upload(1).id);
  await expect(store.open(upload(3), upload(2).id)).rejects.toThrow();
  expect(await reopen().uploads()).toEqual([upload(2), upload(3)]);
});

test.each(['uploads', 'upload_files'])('opens nothing where the INSERT ON %s fails', async (table) => {
  const { store, database, reopen } = openUploads();
  database.exec(`CREATE TRIGGER fault AFTER INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'planted'); END`);
  await expect(store.open(upload(1))).rejects.toThrow('planted');
  expect(await reopen().uploads()).toEqual([]);
});

test('a full disk is named, and nothing is kept', async () => {
  const { store, database, reopen } = openUploads();
  database.pragma(`max_page_count = ${Number(database.pragma('page_count', { simple: true }))}`);
  const large = upload(
    1,
    Array.from({ length: 10_000 }, (_, i) => i),
  );
  await expect(store.open(large)).rejects.toThrow(code('storage_full'));
  expect(await reopen().uploads()).toEqual([]);
});
