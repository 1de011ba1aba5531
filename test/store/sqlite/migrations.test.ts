import { appendFileSync, cpSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/sqlite/database.ts';
import { readMigrations } from '../../../src/store/sqlite/migrations.ts';
import { temporaryFolder } from '../sandbox.ts';

const MISMATCH = expect.objectContaining({ code: 'migration_mismatch' });
const OURS = join(import.meta.dirname, '../../../migrations');

/** A database that ours were applied to, and a folder of migrations that a test may change. */
function applied() {
  const folder = temporaryFolder();
  const migrations = join(folder, 'migrations');
  cpSync(OURS, migrations, { recursive: true });
  const path = join(folder, 'vault.sqlite');
  writeFileSync(join(migrations, '0002-second.sql'), 'CREATE TABLE second (a INTEGER) STRICT;');
  openDatabase(path, readMigrations(migrations)).close();
  return { path, migrations, reopen: () => openDatabase(path, readMigrations(migrations)).close() };
}

test('an up-to-date database opens again', () => {
  const { reopen } = applied();
  reopen();
});

test('a new migration is applied to an old database, once', () => {
  const { migrations, path, reopen } = applied();
  writeFileSync(join(migrations, '0003-third.sql'), 'CREATE TABLE third (a INTEGER) STRICT;');
  reopen();
  const database = openDatabase(path, readMigrations(migrations));
  const numbers = database.prepare('SELECT number FROM migrations').pluck().all();
  database.close();
  expect(numbers).toEqual([1, 2, 3]);
});

test('refuses a migration that was changed after it had been applied', () => {
  const { migrations, reopen } = applied();
  appendFileSync(join(migrations, '0001-vault.sql'), '\n');
  expect(reopen).toThrow(MISMATCH);
});

test('refuses a database that is newer than the code, and says what to do', () => {
  const { migrations, reopen } = applied();
  rmSync(join(migrations, '0002-second.sql'));
  expect(reopen).toThrow(MISMATCH);
  expect(reopen).toThrow('0002-second.sql: run the release that wrote it, or a later one');
});

test('refuses a database in which an applied migration is missing', () => {
  const { migrations, path, reopen } = applied();
  const database = openDatabase(path, readMigrations(migrations));
  database.exec('DELETE FROM migrations WHERE number = 1');
  database.close();
  expect(reopen).toThrow(MISMATCH);
});

test.each([
  ['0001-vault.sql', 'vault.sql'],
  ['0001-vault.sql', '0003-vault.sql'],
  ['0002-second.sql', '0003-second.sql'],
  ['0002-second.sql', '0001-second.sql'],
  ['0002-second.sql', '2-second.sql'],
])('refuses migrations with a gap, a double or another name: %s as %s', (from, to) => {
  const { migrations, reopen } = applied();
  renameSync(join(migrations, from), join(migrations, to));
  expect(reopen).toThrow(MISMATCH);
});

test('a migration that fails leaves the database as it was', () => {
  const { migrations, reopen } = applied();
  const path = join(migrations, '0003-third.sql');
  writeFileSync(path, 'CREATE TABLE third (a INTEGER) STRICT; CREATE TABLE second (a INTEGER) STRICT;');
  expect(reopen).toThrow('table second already exists');
  rmSync(path);
  reopen();
});

test('every table is STRICT', () => {
  const database = openDatabase(join(temporaryFolder(), 'vault.sqlite'));
  const tables = database
    .prepare("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite%'")
    .all();
  database.close();
  expect(tables.length).toBeGreaterThan(10);
  expect(tables.filter((table) => (table as { strict: number }).strict === 0)).toEqual([]);
});

test('opens with a journal and with every commit synced, and for its owner only', () => {
  const folder = temporaryFolder();
  const database = openDatabase(join(folder, 'vault.sqlite'));
  const pragma = (name: string) => database.pragma(name, { simple: true });
  const settings = ['journal_mode', 'locking_mode', 'synchronous', 'foreign_keys', 'secure_delete'].map(pragma);
  database.exec('CREATE TABLE x (a)');
  const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777);
  database.close();
  expect(settings).toEqual(['wal', 'exclusive', 2, 1, 1]);
  expect(modes).toEqual([0o600, 0o600]);
});

test('a file that is no database is damage', () => {
  const path = join(temporaryFolder(), 'vault.sqlite');
  writeFileSync(path, 'x'.repeat(8192));
  expect(() => openDatabase(path)).toThrow(expect.objectContaining({ code: 'storage_corrupt' }));
});
