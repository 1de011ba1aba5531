import { chown, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import * as z from 'zod/mini';
import { fromUtf8, toHex } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { instantMs, parseAs } from '../../src/core/schema.ts';
import { WORK_FOLDER } from '../../src/core/weights/names.ts';
import { fileError, withPath } from '../../src/platform/files/error.ts';
import { readInput } from '../../src/platform/files/input.ts';
import { systemName } from '../../src/platform/files/system-error.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { exactInstant } from '../display/exact.ts';
import { visibleText } from '../display/visible.ts';
import { exclusiveLock } from '../files/exclusive-lock.ts';
import { HeldFolder } from './held-folder.ts';
import { MOUNTINFO, readMounts } from './mounts.ts';
import { isLockedHereOnly } from './nfs-locks.ts';

const OTHERS = 0o077;
/** Another that has just taken the lock has said who it is by then. It blocks the event loop. */
const BUSY_TIMEOUT_MS = 300;
/** Each time, another process has removed the file as it ended. */
const MAX_TRIES = 20;
const MAX_SHOWN = 256;
const MAX_HOLDER_BYTES = 4096;
const HOLDER = 'holder.json';
const HOLDER_ASIDE = 'holder-';
export const LOCK = 'lock';
/** The files that a process leaves there for a later one: parts of files, and the state of a deposit. */
const KEPT = /^(?:[0-9a-f]{64}-\d+|deposit\.sqlite(?:-\w+)?)$/;

const holderSchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('twinlock-holder'),
  host: z.string().check(z.maxLength(MAX_SHOWN)),
  pid: z.int(),
  since: instantMs,
  what: z.string().check(z.maxLength(MAX_SHOWN)),
});

/**
 * `.twinlock-part` in the folder that a version is fetched to: what is not whole yet, of this user alone, while one
 * process holds it (client/FORMAT.md). The lock is the operating system's, so it ends with the process, `kill -9`
 * included, and reaches as far as locks of the file system reach: between machines, that is NFS with locks.
 */
export class WorkFolder {
  /** The folder that it is in, held until it is released. */
  readonly target: HeldFolder;
  readonly #folder: HeldFolder;
  readonly #lock: Database;

  private constructor(target: HeldFolder, folder: HeldFolder, lock: Database) {
    this.target = target;
    this.#folder = folder;
    this.#lock = lock;
  }

  /**
   * Takes the work folder of `target`, a folder that is there. `what` says, for those who find it taken, what this
   * process does there. Throws `in_use`, naming who has it; `not_permitted` for one that is of others, is no folder, or
   * lies where files cannot be locked; as `HeldFolder.open`; and what the file system throws.
   */
  static async take(target: string, what: string, mountinfo: string = MOUNTINFO): Promise<WorkFolder> {
    return WorkFolder.takeIn(await HeldFolder.open(target), what, mountinfo);
  }

  /** As `take`, in a folder that is held, which it closes in the end. */
  static async takeIn(target: HeldFolder, what: string, mountinfo: string = MOUNTINFO): Promise<WorkFolder> {
    const path = join(target.path, WORK_FOLDER);
    try {
      await requireLocks(target, mountinfo);
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const taken = await WorkFolder.#try(target, what).catch(unless('ENOENT'));
        if (taken !== null) return taken;
        // Removed in between by a process that ended there, unless it is the target itself that is gone.
        await stat(target.path);
      }
      throw new TwinlockError('in_use', `${path}: other processes come and go there: run the same command again`);
    } catch (error) {
      await target.close();
      throw fileError(error, path);
    }
  }

  static async #try(target: HeldFolder, what: string): Promise<WorkFolder | null> {
    await mkdir(target.at(WORK_FOLDER), { mode: 0o700 }).catch(unless('EEXIST'));
    const folder = await target.below(WORK_FOLDER);
    if (folder === null) return null;
    const taken = await WorkFolder.#lockAs(target, folder, what).catch(async (error: unknown) => {
      await folder.close();
      throw error;
    });
    if (taken === null) await folder.close();
    return taken;
  }

  static async #lockAs(target: HeldFolder, folder: HeldFolder, what: string): Promise<WorkFolder | null> {
    const holder = await writeHolder(folder, what);
    let lock: Database | null = null;
    try {
      lock = await lockIn(folder);
      if (lock === null) return null;
      await rename(folder.at(holder), folder.at(HOLDER));
      const left = (await readdir(folder.at('.'))).filter((name) => name.startsWith(HOLDER_ASIDE));
      for (const name of left) await rm(folder.at(name), { force: true });
      return new WorkFolder(target, folder, lock);
    } catch (error) {
      lock?.close();
      throw error;
    } finally {
      // It is there only where the folder was not taken. The process that takes it removes what is left.
      await rm(folder.at(holder), { force: true }).catch(() => undefined);
    }
  }

  /** For messages, and for what is looked at only. */
  get path(): string {
    return this.#folder.path;
  }

  /** Where a file of it is, for the system: in the folder that was taken, wherever that has been moved. */
  at(name: string): string {
    return this.#folder.at(name);
  }

  /** Throws `not_permitted` unless this user may give files to the group. */
  async requireGroup(gid: number): Promise<void> {
    await chown(this.at(HOLDER), -1, gid).catch((cause: unknown) => {
      if (systemName(cause) !== 'EPERM') throw cause;
      const message = `this user is not in the group ${gid}, so files cannot be given to it: name one that id lists`;
      throw new TwinlockError('not_permitted', message, {}, { cause });
    });
  }

  /** Removes what is kept there, by its names: another folder of this user's, renamed to this one, loses nothing. */
  async clear(): Promise<void> {
    await withPath(this.path, async () => {
      for (const name of await readdir(this.at('.'))) {
        if (KEPT.test(name)) await rm(this.at(name), { recursive: true, force: true });
      }
    });
  }

  /** Gives it back. What is kept for a later run stays; where nothing is, the folder goes too. */
  async release(): Promise<void> {
    try {
      await withPath(this.path, async () => {
        await rm(this.at(HOLDER), { force: true });
        // While it is held: one that takes it now sees that its own is another file.
        await rm(this.at(LOCK), { force: true });
      });
    } finally {
      this.#lock.close();
      await rmdir(this.target.at(WORK_FOLDER)).catch(() => undefined);
      await this.#folder.close();
      await this.target.close();
    }
  }
}

async function requireLocks(target: HeldFolder, mountinfo: string): Promise<void> {
  const { dev } = await target.stat();
  must(
    !isLockedHereOnly(await readMounts(mountinfo), BigInt(dev)),
    'not_permitted',
    `${target.path}: it lies on NFS whose locks other machines do not see: mount it without nolock, or fetch to a disk of this machine`,
  );
}

async function lockIn(folder: HeldFolder): Promise<Database | null> {
  return exclusiveLock(folder.at(LOCK), BUSY_TIMEOUT_MS, join(folder.path, LOCK)).catch(async (error: unknown) => {
    throw await lockError(folder, error);
  });
}

/**
 * Writes who takes the folder, aside, and returns its name. The file proves too that the folder is this user's own:
 * nothing is written where others could change it.
 */
async function writeHolder(folder: HeldFolder, what: string): Promise<string> {
  const { path } = folder;
  const found = await folder.stat();
  must((found.mode & OTHERS) === 0, 'not_permitted', `${path}: expected a folder of this user alone: remove it`);
  const name = `${HOLDER_ASIDE}${toHex(platformRandom(8))}`;
  const file = await open(folder.at(name), 'wx', 0o600);
  try {
    const { uid } = await file.stat();
    must(uid === found.uid, 'not_permitted', `${path}: it belongs to another user: remove it`);
    const holder = { v: 1, kind: 'twinlock-holder', host: hostname(), pid: process.pid, since: Date.now(), what };
    await file.writeFile(JSON.stringify(holder));
    return name;
  } catch (error) {
    await rm(folder.at(name), { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function inUse(folder: HeldFolder): Promise<TwinlockError> {
  const taken = `${folder.path}: another process works there`;
  try {
    const text = fromUtf8(await readInput(folder.at(HOLDER), MAX_HOLDER_BYTES));
    const { host, pid, since, what } = parseAs(holderSchema, JSON.parse(text), HOLDER);
    const who = `process ${pid} on ${visibleText(host)}, since ${exactInstant(since)}, ${visibleText(what)}`;
    const message = `${taken} (${who}): wait until it has ended, or name another folder`;
    return new TwinlockError('in_use', message, { host, pid, since, what });
  } catch {
    const message = `${taken}, and does not say which, or the file system cannot lock: try again, or name another folder`;
    return new TwinlockError('in_use', message);
  }
}

async function lockError(folder: HeldFolder, cause: unknown): Promise<unknown> {
  const code = systemName(cause) ?? '';
  if (code === 'SQLITE_BUSY') return inUse(folder);
  if (!code.startsWith('SQLITE_')) return cause;
  const message = `${folder.path}: files cannot be locked there (${code}): fetch to a folder of another file system`;
  return new TwinlockError('not_permitted', message, {}, { cause });
}

function unless(code: string): (error: unknown) => null {
  return (error) => {
    if (systemName(error) === code) return null;
    throw error;
  };
}
