import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface FileAttributes {
  /** 0600 unless given. */
  readonly mode?: number;
  /** The date of the file, milliseconds since the epoch; the time of writing unless given. */
  readonly modifiedMs?: number | null;
}

/** Whole, or in pieces. */
type FileBytes = Uint8Array | Iterable<Uint8Array>;

/**
 * Puts a file at `path`, whole or not at all: written aside, made durable, renamed. The name aside is new, and none
 * under which another user could have put a link: no link is followed. Throws what the system says.
 */
export async function writeAside(path: string, bytes: FileBytes, kind: FileAttributes = {}): Promise<void> {
  // Not made of the file's own name, which may be as long as names can be.
  const aside = join(dirname(path), `.${randomBytes(8).toString('hex')}.aside`);
  await writeNew(aside, bytes, kind);
  try {
    await rename(aside, path);
  } catch (error) {
    await removed(aside);
    throw error;
  }
}

/** Writes a file where there is none (EEXIST; a link that leads nowhere is one too), durably, or leaves none. */
export async function writeNew(path: string, bytes: FileBytes, kind: FileAttributes = {}): Promise<void> {
  const { mode = 0o600, modifiedMs = null } = kind;
  const handle = await open(path, 'wx', mode);
  try {
    try {
      await handle.writeFile(bytes);
      if (modifiedMs !== null) await handle.utimes(modifiedMs / 1000, modifiedMs / 1000);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await removed(path);
    throw error;
  }
}

/** Removes the file. Drops its own error, so that the caller reports the first one. */
async function removed(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}
