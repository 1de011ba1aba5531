import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { must } from '../../src/core/errors.ts';
import { MAX_FILE_BYTES } from '../../src/core/weights/manifest.ts';
import { fileError, withPath } from '../../src/platform/files/error.ts';
import { namingPath } from '../../src/platform/files/system-error.ts';
import { OPEN_FILES } from '../files/exclusive-lock.ts';

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const LET_ALONE = 'let nothing write to the folder, then deposit it again';

/** A regular file as it was found: it must still be the same when it is read. */
export interface FoundFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  /** The path of its bytes: absolute, and without a symbolic link in it. */
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
export function findFile(path: string, location: string): FoundFile {
  return withOpened({ path, location }, (fd) => {
    const stats = fstatSync(fd, { bigint: true });
    // A pipe that took the place of a file has no size, and would be waited for.
    must(stats.isFile(), 'not_permitted', `${path}: expected a file`);
    const place = placeOf(fd, location);
    must(place === location, 'upload_conflict', `${path} lies at ${place} by now: ${LET_ALONE}`);
    const bytes = Number(stats.size);
    must(bytes <= MAX_FILE_BYTES, 'too_large', `${path}: expected at most ${MAX_FILE_BYTES} bytes, got ${bytes}`);
    return { path, location, bytes, identity: identityOf(stats) };
  });
}

/** On this thread: of thousands of small files, a wait for each call on each would take longer than all the rest. */
function withOpened<T>({ path, location }: Pick<FoundFile, 'path' | 'location'>, act: (fd: number) => T): T {
  return namingPath(path, () => {
    const fd = openSync(location, FLAGS);
    try {
      return act(fd);
    } finally {
      closeSync(fd);
    }
  });
}

/** Where what was opened lies: as the system says of an open file (Linux), or as of a moment later. */
function placeOf(fd: number, location: string): string {
  try {
    return readlinkSync(`${OPEN_FILES}/${fd}`);
  } catch {
    return realpathSync(location);
  }
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
  const file = await openLarge(found);
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

async function openLarge({ path, location }: FoundFile): Promise<FileHandle> {
  return open(location, FLAGS).catch((error: unknown) => {
    throw fileError(error, path);
  });
}

/** All of a small file. Throws as `readFound`. */
export function readSmall(found: FoundFile): Uint8Array {
  return withOpened(found, (fd) => {
    const whole = new Uint8Array(found.bytes);
    requireFound(found, fstatSync(fd, { bigint: true }));
    for (let filled = 0; filled < whole.length; ) {
      const bytesRead = readSync(fd, whole, filled, whole.length - filled, filled);
      must(bytesRead > 0, 'upload_conflict', changed(found));
      filled += bytesRead;
    }
    requireFound(found, fstatSync(fd, { bigint: true }));
    return whole;
  });
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
