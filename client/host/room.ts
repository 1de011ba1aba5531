import { lstat, statfs } from 'node:fs/promises';
import { TwinlockError } from '../../src/core/errors.ts';
import { exactBytes } from '../exact.ts';

/** A file that has yet to be written. */
export interface Missing {
  readonly plainBytes: number;
  /** Where it is written until it is whole: what is there of it need not be written again. */
  readonly part: string;
  /** What lies there goes once the file is whole. */
  readonly place: string;
}

/** Of `stat.blocks`. */
const BLOCK_BYTES = 512;

/** Throws `storage_full` unless the file system of `folder` has room for all of these, one after the other. */
export async function requireRoom(folder: string, missing: readonly Missing[]): Promise<void> {
  let more = 0;
  let most = 0;
  for (const { plainBytes, part, place } of missing) {
    more += Math.max(0, plainBytes - (await takenBytes(part)));
    most = Math.max(most, more);
    more -= await takenBytes(place);
  }
  await requireFree(folder, most);
}

/** Throws `storage_full`, with both numbers, unless so many bytes are free for this user. */
export async function requireFree(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (neededBytes <= freeBytes) return;
  const numbers = `expected ${exactBytes(neededBytes)} free, got ${exactBytes(freeBytes)}`;
  throw new TwinlockError(
    'storage_full',
    `${folder}: ${numbers}: make room there, or name another folder, then run the same command again`,
    { neededBytes, freeBytes },
  );
}

async function takenBytes(path: string): Promise<number> {
  const found = await lstat(path).catch(() => null);
  return found?.isFile() === true ? found.blocks * BLOCK_BYTES : 0;
}
