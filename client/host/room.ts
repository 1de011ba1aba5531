import { existsSync } from 'node:fs';
import { lstat, opendir, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TwinlockError } from '../../src/core/errors.ts';
import { exactBytes } from '../display/exact.ts';

/** A file that has yet to be written. */
export interface Missing {
  readonly plainBytes: number;
  /** Where it is written until it is whole: what is there of it need not be written again. */
  readonly part: string;
  /** The final path. The file that lies there is removed once the new file is whole. */
  readonly place: string;
}

/** The unit of `stat.blocks`. */
const BLOCK_BYTES = 512;
/** The most entries of a folder that are looked at: ten times the files of the largest model. */
const MAX_SEEN = 100_000;

/** Throws `storage_full` unless the file system of `folder` has room for all of these, one after the other. */
export async function requireTargetRoom(folder: string, missing: readonly Missing[]): Promise<void> {
  let more = 0;
  let most = 0;
  for (const { plainBytes, part, place } of missing) {
    more += Math.max(0, plainBytes - (await takenBytes(part)));
    most = Math.max(most, more);
    more -= await takenBytes(place);
  }
  await requireFree(folder, most);
}

/**
 * The same before it is known which files a version has, and before the folder is there: throws `storage_full` unless
 * there is room for so many bytes, less what lies in the folder already.
 */
export async function requireRoomFor(folder: string, bytes: number): Promise<void> {
  const there = await nearest(resolve(folder));
  if (bytes <= (await freeOn(there))) return;
  await requireFree(there, bytes - (there === resolve(folder) ? await takenBelow(there) : 0));
}

/** The folder, or the first one above it that exists: it would be made on the same file system. */
export async function nearest(folder: string): Promise<string> {
  const isThere = await lstat(folder).then(
    () => true,
    () => false,
  );
  return isThere || folder === dirname(folder) ? folder : nearest(dirname(folder));
}

async function freeOn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Unless so many bytes are free for this user. */
async function requireFree(folder: string, neededBytes: number): Promise<void> {
  const freeBytes = await freeOn(folder);
  if (neededBytes <= freeBytes) return;
  const numbers = `expected ${exactBytes(neededBytes)} free, got ${exactBytes(freeBytes)}`;
  throw new TwinlockError(
    'storage_full',
    `${folder}: ${numbers}: make room there, or name another folder, then run the same command again`,
    { neededBytes, freeBytes },
  );
}

async function takenBelow(folder: string): Promise<number> {
  let bytes = 0;
  let seen = 0;
  for await (const entry of await opendir(folder, { recursive: true })) {
    bytes += await takenBytes(join(entry.parentPath, entry.name));
    if (++seen === MAX_SEEN) break;
  }
  return bytes;
}

async function takenBytes(path: string): Promise<number> {
  if (!existsSync(path)) return 0;
  const found = await lstat(path).catch(() => null);
  return found?.isFile() === true ? found.blocks * BLOCK_BYTES : 0;
}
