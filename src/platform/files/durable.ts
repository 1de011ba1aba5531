import { lstat, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { must } from '../../core/errors.ts';
import { fileError } from './error.ts';
import { syncFolderIfAble } from './sync-folder.ts';
import { systemName } from './system-error.ts';
import { type FileAttributes, writeAside, writeNew } from './write-aside.ts';

/**
 * Writes a file, whole and durable or not at all, under a name that nothing was laid under before. Throws `exists`
 * where there is one already, and as `fileError`.
 */
export async function createFile(path: string, bytes: Uint8Array, kind: FileAttributes): Promise<void> {
  try {
    await writeNew(path, bytes, kind);
    await syncFolderIfAble(dirname(path));
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * Throws `exists` where there is something under a name that a file is made under only after other work. `advice` says
 * what it may be, and what to do.
 */
export async function requireUnused(path: string, advice: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (systemName(error) !== 'ENOENT') throw fileError(error, path);
    return null;
  });
  must(found === null, 'exists', `${path}: it exists already, and is not overwritten: ${advice}`);
}

/** The same, in the place of what is there. */
export async function replaceFile(path: string, bytes: Uint8Array, kind: FileAttributes): Promise<void> {
  try {
    await writeAside(path, bytes, kind);
    await syncFolderIfAble(dirname(path));
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Makes a folder of this user's own, and those above it, where there is none. Throws as `fileError`. */
export async function makeOwnFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(error, path);
  }
}
