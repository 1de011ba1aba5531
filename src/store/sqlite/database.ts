import { closeSync, openSync } from 'node:fs';
import Sqlite, { type Database } from 'better-sqlite3';
import { TwinlockError } from '../../core/errors.ts';
import { systemError } from '../../platform/files/system-error.ts';
import { requireSqlitePath } from '../../platform/sqlite-path.ts';
import { lockHolders } from './lock-holder.ts';
import { type Migration, migrate, readMigrations } from './migrations.ts';

/** How long an opening waits for a process that is just closing the database. It blocks the event loop. */
const BUSY_TIMEOUT_MS = 500;

/**
 * Opens or creates the database, mode 0600, brings its schema up to date, and holds it alone until `close` or
 * the end of the process, however it ends: the locks are the operating system's. What a transaction wrote is
 * on disk (fsynced) when it returns.
 *
 * Throws `in_use` where another connection holds it, `migration_mismatch`, as `requireSqlitePath`, and as
 * `systemError`, for the operator.
 *
 * No other code of the process may open and close the file: POSIX would drop the locks with it.
 */
export function openDatabase(path: string, migrations: readonly Migration[] = ownMigrations()): Database {
  try {
    requireSqlitePath(path);
    createPrivately(path);
    const database = new Sqlite(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      configure(database);
      database.transaction(migrate).exclusive(database, migrations);
      return database;
    } catch (error) {
      database.close();
      throw isBusy(error) ? inUse(path, error) : error;
    }
  } catch (error) {
    throw systemError(error, path);
  }
}

/** Reads from the program's folder what `openDatabase` needs of it. Throws `migration_mismatch`. */
export function loadDriver(): void {
  ownMigrations();
  // The library itself is read with the first database.
  new Sqlite(':memory:').close();
}

let own: readonly Migration[] | null = null;

function ownMigrations(): readonly Migration[] {
  own ??= readMigrations();
  return own;
}

/** SQLite would create a file that every user can read. Its journal takes the mode of the file. */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function configure(database: Database): void {
  // Before the first access: the lock is then taken with it and kept, and no memory is shared.
  database.pragma('locking_mode = EXCLUSIVE');
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  database.pragma('trusted_schema = OFF');
  database.pragma('cell_size_check = ON');
  // SQLite overwrites erased rows: shares sealed to hosts, and their tokens.
  database.pragma('secure_delete = ON');
}

function isBusy(error: unknown): boolean {
  return error instanceof Sqlite.SqliteError && /^SQLITE_(?:BUSY|LOCKED)/.test(error.code);
}

function inUse(path: string, cause: unknown): TwinlockError {
  const holders = lockHolders(path);
  const who = holders.length === 0 ? '' : ` (process ${holders.join(', ')})`;
  const message = `${path}: the data folder is in use by another twinlockd${who}: stop that one first`;
  return new TwinlockError('in_use', message, {}, { cause });
}

/** Bytes of a column, as they are everywhere else: a Buffer's `slice` would not copy. */
export function bytesOfColumn(blob: Buffer): Uint8Array {
  return new Uint8Array(blob.buffer, blob.byteOffset, blob.length);
}
