import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import { TwinlockError } from '../../src/core/errors.ts';
import { fileError } from '../../src/platform/files/error.ts';
import { systemName } from '../../src/platform/files/system-error.ts';
import { exclusiveLock } from './exclusive-lock.ts';

const TRY_EVERY_MS = 20;
/** A holder reads one small file and writes another. */
const WAIT_MS = 10_000;

/**
 * Runs `act`, which reads, compares and writes the file at `path`, while no other process does: several consoles and
 * commands may keep state in one folder, also in containers that share it and see none of each other's processes. The
 * lock is the operating system's, on an empty file beside it, `<path>.lock`, so it ends with its process. Reading alone
 * needs none. Throws `in_use` where another process keeps it, and as `fileError`.
 */
export async function withFileLock<T>(path: string, act: () => Promise<T>): Promise<T> {
  const file = `${path}.lock`;
  const lock = await take(file);
  try {
    return await act();
  } finally {
    // While it is held: one that takes it now sees that its own is another file. One that stays is locked by none.
    await rm(file, { force: true }).catch(() => undefined);
    lock.close();
  }
}

async function take(file: string): Promise<Database> {
  for (const until = performance.now() + WAIT_MS; performance.now() < until; await sleep(TRY_EVERY_MS)) {
    try {
      const lock = await exclusiveLock(file, 0);
      if (lock !== null) return lock;
    } catch (error) {
      if (systemName(error) !== 'SQLITE_BUSY') throw fileError(error, file);
    }
  }
  const message = `${file}: another process has been writing there for ${WAIT_MS / 1000} s: end it, then try again`;
  throw new TwinlockError('in_use', message);
}
