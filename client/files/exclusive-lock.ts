import { type BigIntStats, closeSync, existsSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import Sqlite, { type Database } from 'better-sqlite3';
import { must } from '../../src/core/errors.ts';
import { systemName } from '../../src/platform/files/system-error.ts';
import { requireSqlitePath } from '../../src/platform/sqlite-path.ts';

/** Linux only: lists the files and folders that this process has open, by number. */
export const OPEN_FILES = '/proc/self/fd';

/**
 * Takes the operating system's exclusive lock on an empty file, and makes the file where it is missing. The lock is held
 * until the database is closed or the process ends, `kill -9` included. Returns null where another process removed the
 * file meanwhile: a holder removes the file before it closes it. Waits up to `waitMs` for another holder, and blocks the
 * event loop meanwhile. Throws `not_permitted` for a path that is no file or not empty (the error names `shown`), as
 * `requireSqlitePath`, as SQLite (`SQLITE_BUSY` where another process holds the lock), and as the file system.
 */
export async function exclusiveLock(file: string, waitMs: number, shown: string = file): Promise<Database | null> {
  requireSqlitePath(file, shown);
  makeLockFile(file);
  const before = await identityOf(file);
  const isLock = before === null || (before.isFile() && before.size === 0n);
  must(isLock, 'not_permitted', `${shown}: expected an empty file, for a lock: remove it`);
  if (before === null) return null;
  let database: Database | null = null;
  try {
    database = new Sqlite(file, { timeout: waitMs, fileMustExist: true });
    // SQLite opens the path again, and another user may have replaced it by a link.
    const isThis = isOpenHere(before);
    // The file stays empty and gets no journal: only the lock is used.
    if (isThis) database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    if (isThis && isSame(await identityOf(file), before)) return database;
  } catch (error) {
    database?.close();
    const isBusy = systemName(error) === 'SQLITE_BUSY';
    // SQLite fails in many ways on a file that is removed while it is opened.
    if (isBusy || isSame(await identityOf(file), before)) throw error;
    return null;
  }
  database.close();
  return null;
}

/**
 * Makes the file where it is missing. Never opens an existing file: a process that closes a file loses all its locks on
 * that file.
 */
function makeLockFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (systemName(error) !== 'EEXIST') throw error;
  }
}

/** Returns null where the file does not exist. */
async function identityOf(file: string): Promise<BigIntStats | null> {
  return lstat(file, { bigint: true }).catch((error: unknown) => {
    if (systemName(error) !== 'ENOENT') throw error;
    return null;
  });
}

/** Compares the creation time too, since systems reuse inode numbers. */
function isSame(a: BigIntStats | null, b: BigIntStats): boolean {
  return a !== null && a.ino === b.ino && a.birthtimeNs === b.birthtimeNs;
}

/** Returns whether this process has the file open; true on systems that do not tell (only Linux does). */
function isOpenHere(file: BigIntStats): boolean {
  if (!existsSync(OPEN_FILES)) return true;
  return readdirSync(OPEN_FILES).some((fd) => {
    try {
      return isSame(fstatSync(Number(fd), { bigint: true }), file);
    } catch {
      // The descriptor of the folder listing is closed by now.
      return false;
    }
  });
}
