import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withFileLock } from '../../client/files/file-lock.ts';
import { requirePlaceFor, TargetFolder } from '../../client/host/target.ts';
import { openDatabase } from '../../src/store/sqlite/database.ts';
import { runProgram } from '../world/command-line.ts';

/** What SQLite takes of a database that has a journal. */
const MAX_BYTES = 504;

let root: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'twinlock-path-')));
});
afterAll(() => rmSync(root, { recursive: true }));

/** A folder in which a file that is called `name` has a path of so many bytes. */
function folderFor(name: string, bytes: number): string {
  // Two bytes each: it is bytes that count.
  const middle = join(root, 'é'.repeat(100), 'x'.repeat(100));
  const folder = join(middle, 'y'.repeat(bytes - Buffer.byteLength(`${middle}//${name}`)));
  mkdirSync(folder, { recursive: true });
  expect(Buffer.byteLength(join(folder, name))).toBe(bytes);
  return folder;
}

const tooLong = expect.objectContaining({
  code: 'invalid_name',
  message: expect.stringMatching(
    /: expected a path of at most 504 bytes where its links lead, got 505: name a folder with a shorter path$/,
  ),
});

test('a database whose path is too long for SQLite is refused for that, and not made; one of 504 bytes is opened', () => {
  openDatabase(join(folderFor('vault.sqlite', MAX_BYTES), 'vault.sqlite')).close();
  const folder = folderFor('vault.sqlite', MAX_BYTES + 1);
  expect(() => openDatabase(join(folder, 'vault.sqlite'))).toThrow(tooLong);
  symlinkSync(folder, join(root, 'link'));
  expect(() => openDatabase(join(root, 'link/vault.sqlite'))).toThrow(tooLong);
  expect(readdirSync(folder)).toEqual([]);
});

test('so is a data folder by init, which makes nothing then', async () => {
  const folder = folderFor('data/vault.sqlite', MAX_BYTES + 1);
  const founders = ['ana', 'ben', 'cleo'].flatMap((name) => ['--founder', name]);
  const args = ['--data', join(folder, 'data'), 'init', '--grade', 'simulation', ...founders];
  const { code, stderr } = await runProgram('src/main.ts', args, root);
  expect([code, stderr]).toEqual([
    64,
    expect.stringMatching(/: expected a path of at most 504 bytes .* \(invalid_name\)\n$/),
  ]);
  expect(readdirSync(folder)).toEqual([]);
});

test('so is a state file, by the path of its lock', async () => {
  const state = (bytes: number) => join(folderFor('state.lock', bytes), 'state');
  expect(await withFileLock(state(MAX_BYTES), async () => 'locked')).toBe('locked');
  await expect(withFileLock(state(MAX_BYTES + 1), async () => 'locked')).rejects.toThrow(tooLong);
});

test('so is a folder to fetch to, before anybody is asked, whether it is there or not', async () => {
  const lock = '.twinlock-part/lock';
  const fits = folderFor(lock, MAX_BYTES);
  await requirePlaceFor(fits, 1);
  await (await TargetFolder.open(fits, 'a test')).close();
  const long = folderFor(lock, MAX_BYTES + 1);
  await expect(requirePlaceFor(long, 1)).rejects.toThrow(tooLong);
  await expect(TargetFolder.open(long, 'a test')).rejects.toThrow(tooLong);
  rmSync(long, { recursive: true });
  await expect(requirePlaceFor(long, 1)).rejects.toThrow(tooLong);
});
