import { type BigIntStats, closeSync, existsSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import Sqlite, { type Database } from 'better-sqlite3';
import { must } from '../../src/core/errors.ts';
import { systemName } from '../../src/platform/files/system-error.ts';
import { requireSqlitePath } from '../../src/platform/sqlite-path.ts';

/** Of Linux: the files and folders that this process has open, by number. */
export const OPEN_FILES = '/proc/self/fd';

/**
 * The operating system's exclusive lock on a file that is empty, made where it is missing; it is held until it is closed,
 * and ends with the process, `kill -9` included: nothing is decided by a process's number. Null where the file has been
 * removed meanwhile: its holder removes it before it closes it. Waits for another holder for `waitMs`, and blocks the event
 * loop meanwhile. Throws `not_permitted`, calling the file `shown`, for one that is none or not empty; as `requireSqlitePath`; as SQLite, `SQLITE_BUSY` where another
 * holds it; and as the file system.
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
    // SQLite goes by the path that `file` stands for, which another user may have led elsewhere.
    const isThis = isOpenHere(before);
    // An empty file stays empty, and has no journal beside it: only its lock is wanted.
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
 * Never opens one that is there, and closes what it made before anything else can lock it: a process that closes a file
 * loses every lock that it has on it.
 */
function makeLockFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (systemName(error) !== 'EEXIST') throw error;
  }
}

/** Null where it is not there. */
async function identityOf(file: string): Promise<BigIntStats | null> {
  return lstat(file, { bigint: true }).catch((error: unknown) => {
    if (systemName(error) !== 'ENOENT') throw error;
    return null;
  });
}

/** Inode numbers are used again, so the time at which it was made counts too. */
function isSame(a: BigIntStats | null, b: BigIntStats): boolean {
  return a !== null && a.ino === b.ino && a.birthtimeNs === b.birthtimeNs;
}

/** Whether this process has the file open. Where the system does not say (it is of Linux), it is taken to have. */
function isOpenHere(file: BigIntStats): boolean {
  if (!existsSync(OPEN_FILES)) return true;
  return readdirSync(OPEN_FILES).some((fd) => {
    try {
      return isSame(fstatSync(Number(fd), { bigint: true }), file);
    } catch {
      // That of the list itself is closed by now.
      return false;
    }
  });
}
