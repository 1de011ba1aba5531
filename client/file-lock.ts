import { randomBytes } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromUtf8, utf8 } from '../src/core/bytes.ts';
import { TwinlockError } from '../src/core/errors.ts';
import { systemName } from '../src/platform/system-error.ts';
import { writeNew } from '../src/platform/write-aside.ts';
import { fileError } from './file-error.ts';
import { readInput } from './input-file.ts';

/** A process, a machine and a random number. */
const MAX_LOCK_BYTES = 1024;
const TRY_EVERY_MS = 20;
/** A holder reads one small file and writes another. */
const WAIT_MS = 10_000;
/** What another machine left, which cannot be asked whether its process lives. */
const ABANDONED_MS = 60_000;
/** What this process holds: a lock of its own besides is one that the disk did not let it take away. */
const held = new Set<string>();

/**
 * Runs `act`, which reads, compares and writes the file at `path`, while no other process of this user's does: several
 * consoles and commands may keep state in one folder. The lock is a file beside it, `<path>.lock`, which names its holder;
 * the lock of a process that is gone is taken away. Reading alone needs none. Throws `in_use` where another
 * process keeps it, and as `fileError`.
 */
export async function withFileLock<T>(path: string, act: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  const own = `${process.pid} ${hostname()} ${randomBytes(8).toString('hex')}\n`;
  held.add(own);
  try {
    await take(lock, own);
    try {
      return await act();
    } finally {
      await rm(lock, { force: true }).catch(() => undefined);
    }
  } finally {
    held.delete(own);
  }
}

async function take(lock: string, own: string): Promise<void> {
  for (const until = performance.now() + WAIT_MS; performance.now() < until; await sleep(TRY_EVERY_MS)) {
    try {
      await writeNew(lock, utf8(own));
      return;
    } catch (error) {
      if (systemName(error) !== 'EEXIST') throw fileError(error, lock);
    }
    await removeAbandoned(lock);
  }
  const message = `${lock}: another process has been writing there for ${WAIT_MS / 1000} s: end it, or remove this file, then try again`;
  throw new TwinlockError('in_use', message);
}

/** Under a name of its own first: a lock that a third process has taken meanwhile is put back. */
async function removeAbandoned(lock: string): Promise<void> {
  const found = await holderOf(lock);
  if (found === null || !(await isAbandoned(lock, found))) return;
  const aside = `${lock}.${randomBytes(8).toString('hex')}`;
  try {
    await rename(lock, aside);
    if ((await holderOf(aside)) === found) await rm(aside, { force: true });
    else await rename(aside, lock);
  } catch (error) {
    // Another process has removed it first.
    if (systemName(error) !== 'ENOENT') throw fileError(error, lock);
  }
}

async function holderOf(lock: string): Promise<string | null> {
  try {
    return fromUtf8(await readInput(lock, MAX_LOCK_BYTES));
  } catch (error) {
    if (error instanceof TwinlockError && error.code === 'not_found') return null;
    throw error;
  }
}

async function isAbandoned(lock: string, holder: string): Promise<boolean> {
  const [pid, host] = holder.split(' ');
  if (host === hostname() && Number(pid) === process.pid) return !held.has(holder);
  if (host === hostname() && Number(pid) > 0) return !isRunning(Number(pid));
  const found = await stat(lock).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > ABANDONED_MS;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemName(error) === 'EPERM';
  }
}
