import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import type { Hex } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { systemName } from '../../src/platform/files/system-error.ts';
import { requireSqlitePath } from '../../src/platform/sqlite-path.ts';
import type { WorkFolder } from '../host/work-folder.ts';

export const DATABASE = 'deposit.sqlite';
const FORMAT = 1;
const SCHEMA = `
CREATE TABLE deposit (one INTEGER PRIMARY KEY CHECK (one = 1), upload TEXT NOT NULL, vault TEXT NOT NULL,
  depositor TEXT NOT NULL, began INTEGER NOT NULL,
  secret BLOB NOT NULL, paths BLOB NOT NULL, folder TEXT NOT NULL) STRICT;
CREATE TABLE files (file INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, header BLOB NOT NULL) STRICT;
CREATE TABLE segments (file INTEGER NOT NULL, segment INTEGER NOT NULL, leaf BLOB NOT NULL, mark BLOB NOT NULL,
  PRIMARY KEY (file, segment)) STRICT, WITHOUT ROWID;
PRAGMA user_version = ${FORMAT};`;

/** An upload that was opened, and what goes on with it needs. */
export interface Begun {
  readonly upload: Hex;
  /** Its fingerprint. */
  readonly vault: Hex;
  /** The public key. */
  readonly depositor: string;
  /** By this machine's clock, milliseconds since the epoch. */
  readonly began: number;
  /** `sealDepositSecret` to the depositor's own key. */
  readonly secret: Uint8Array;
  /** The mark of the files' paths. */
  readonly paths: Uint8Array;
  /** The folder that they are in, its real path. */
  readonly folder: string;
}

export interface OpenedDatabase {
  readonly database: Database;
  /** Null where nothing is begun. */
  readonly begun: Begun | null;
  /** Whether the database was damaged and has been erased. */
  readonly wasDamaged: boolean;
}

/** Opens the database of a work folder after it was read once in full and found whole, or creates it. */
export async function openOrBegin(work: WorkFolder): Promise<OpenedDatabase> {
  try {
    return { ...openDatabase(work), wasDamaged: false };
  } catch (error) {
    if (!isDamage(error)) throw error;
    await work.clear();
    return { ...openDatabase(work), wasDamaged: true };
  }
}

/** Whether an error says that the database is damaged. */
export function isDamage(error: unknown): boolean {
  if (error instanceof TwinlockError) return error.code === 'storage_corrupt';
  return /^SQLITE_(?:CORRUPT|NOTADB)/.test(systemName(error) ?? '');
}

function openDatabase(work: WorkFolder): Pick<OpenedDatabase, 'database' | 'begun'> {
  const path = join(work.path, DATABASE);
  requireSqlitePath(path);
  // SQLite would create a file that every user can read. Its journal takes the mode of the file.
  if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600));
  const database = new Sqlite(path);
  try {
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('trusted_schema = OFF');
    // The secret is overwritten where it was.
    database.pragma('secure_delete = ON');
    const format = database.pragma('user_version', { simple: true });
    if (format === 0) database.transaction(() => database.exec(SCHEMA)).immediate();
    else requireWhole(database, work.path, format);
    return { database, begun: readBegun(database) };
  } catch (error) {
    database.close();
    throw error;
  }
}

function requireWhole(database: Database, path: string, format: unknown): void {
  must(
    format === FORMAT,
    'unsupported_version',
    `${path}: expected format ${FORMAT}, got ${format}: another version of twinlock has written it: go on with that, or remove the folder to begin anew`,
  );
  // Some 80 MB for a terabyte of weights.
  const found = database.pragma('quick_check(1)', { simple: true });
  must(found === 'ok', 'storage_corrupt', `${path}: ${found}`);
}

function readBegun(database: Database): Begun | null {
  const row = database
    .prepare<[], Begun & { secret: Buffer; paths: Buffer }>(
      'SELECT upload, vault, depositor, began, secret, paths, folder FROM deposit',
    )
    .get();
  if (row === undefined) return null;
  return { ...row, secret: new Uint8Array(row.secret), paths: new Uint8Array(row.paths) };
}
