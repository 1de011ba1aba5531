import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises';
import { must } from '../../src/core/errors.ts';
import { MAX_FILE_BYTES } from '../../src/core/weights/manifest.ts';
import { OPEN_FILES } from '../exclusive-lock.ts';
import { fileError, withPath } from '../file-error.ts';

const LET_ALONE = 'let nothing write to the folder, then deposit it again';

/** A regular file as it was found: it must still be the same when it is read. */
export interface FoundFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  /** Where its bytes lie: absolute, and without a symbolic link in it. */
  readonly location: string;
  readonly bytes: number;
  readonly identity: Identity;
}

interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mtimeNs: bigint;
  readonly size: bigint;
}

/**
 * The file at `location`, called `path`. Throws `too_large`; `not_permitted` where it is none; `upload_conflict` where
 * another user has led a folder on the way elsewhere meanwhile; and as the file system.
 */
export async function findFile(path: string, location: string): Promise<FoundFile> {
  const file = await openFile(path, location);
  try {
    // A pipe that took the place of a file has no size, and would be waited for.
    const isFile = (await withPath(path, () => file.stat())).isFile();
    must(isFile, 'not_permitted', `${path}: expected a file`);
    const place = await withPath(path, () => placeOf(file, location));
    must(place === location, 'upload_conflict', `${path} lies at ${place} by now: ${LET_ALONE}`);
    const identity = await withPath(path, async () => identityOf(await file.stat({ bigint: true })));
    const bytes = Number(identity.size);
    must(bytes <= MAX_FILE_BYTES, 'too_large', `${path}: expected at most ${MAX_FILE_BYTES} bytes, got ${bytes}`);
    return { path, location, bytes, identity };
  } finally {
    // It was only read.
    await file.close().catch(() => undefined);
  }
}

async function openFile(path: string, location: string): Promise<FileHandle> {
  try {
    return await open(location, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Where what was opened lies: as the system says of an open file (Linux), or as of a moment later. */
async function placeOf({ fd }: FileHandle, location: string): Promise<string> {
  return readlink(`${OPEN_FILES}/${fd}`).catch(() => realpath(location));
}

function identityOf({ dev, ino, mtimeNs, size }: BigIntStats): Identity {
  return { dev, ino, mtimeNs, size };
}

/** Throws `upload_conflict` where an open file is not the one that was found. */
export function requireFound(found: FoundFile, stats: BigIntStats): void {
  const now = identityOf(stats);
  const same = (Object.keys(now) as (keyof Identity)[]).every((name) => now[name] === found.identity[name]);
  must(same, 'upload_conflict', changed(found));
}

/**
 * Reads a found file once, in pieces of `pieceBytes` (the last may be shorter; none for an empty file). Each
 * piece is good until the next. Throws `upload_conflict` where it is not the file that was found, before or
 * after: what was read is then of no use.
 */
export async function* readFound(found: FoundFile, pieceBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await openFile(found.path, found.location);
  try {
    await requireUnchanged(file, found);
    const buffer = new Uint8Array(Math.min(pieceBytes, found.bytes));
    for (let position = 0; position < found.bytes; ) {
      const wanted = Math.min(pieceBytes, found.bytes - position);
      await fill(file, buffer.subarray(0, wanted), position, found);
      position += wanted;
      yield buffer.subarray(0, wanted);
    }
    await requireUnchanged(file, found);
  } finally {
    // It was only read.
    await file.close().catch(() => undefined);
  }
}

/** All of a small file. Throws as `readFound`. */
export async function readSmall(found: FoundFile): Promise<Uint8Array> {
  let whole: Uint8Array = new Uint8Array(0);
  // To its end, after which the file is looked at again.
  for await (const piece of readFound(found, found.bytes)) whole = piece;
  return whole;
}

async function fill(file: FileHandle, target: Uint8Array, position: number, found: FoundFile): Promise<void> {
  for (let filled = 0; filled < target.length; ) {
    const [wanted, at] = [target.length - filled, position + filled];
    const { bytesRead } = await withPath(found.path, () => file.read(target, filled, wanted, at));
    must(bytesRead > 0, 'upload_conflict', changed(found));
    filled += bytesRead;
  }
}

async function requireUnchanged(file: FileHandle, found: FoundFile): Promise<void> {
  requireFound(found, await withPath(found.path, () => file.stat({ bigint: true })));
}

function changed({ path }: FoundFile): string {
  return `${path} changed while it was read: ${LET_ALONE}`;
}
