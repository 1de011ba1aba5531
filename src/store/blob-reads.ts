import { must } from '../core/errors.ts';
import { leavesPath } from './blob-place.ts';
import { onDisk } from './failure.ts';
import type { FileSystem } from './files.ts';

/** Bytes that `readRange` holds at a time: enough for a fast disk, and few enough for many hosts at once. */
const READ_BYTES = 512 * 1024;
const LEAVES_BYTES = 64 * 1024;

/** The bytes from `start` to `end` of a stored file. Throws `storage_corrupt` where the file does not hold them. */
export async function* readRange(
  files: FileSystem,
  path: string,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  const file = await onDisk(() => files.openToRead(path));
  must(file !== null, 'storage_corrupt', 'a file of the version is missing');
  try {
    const size = await onDisk(() => file.size());
    must(size >= end, 'storage_corrupt', `a file of the version has ${size} bytes, expected ${end} at least`);
    for (let at = start; at < end; at += READ_BYTES) {
      const chunk = new Uint8Array(Math.min(READ_BYTES, end - at));
      const length = await onDisk(() => file.read(chunk, at));
      must(length === chunk.length, 'storage_corrupt', 'a file of the version became shorter while it was read');
      yield chunk;
    }
  } finally {
    // Also where the reader went away in the middle.
    await onDisk(() => file.close());
  }
}

/** A whole sidecar, 32 bytes for each MiB of weights, in pieces that take no time to hash. */
export async function* readLeaves(files: FileSystem, path: string): AsyncGenerator<Uint8Array> {
  const file = await onDisk(() => files.openToRead(leavesPath(path)));
  must(file !== null, 'storage_corrupt', 'the leaves of a file are missing');
  try {
    const size = await onDisk(() => file.size());
    for (let at = 0; at < size; at += LEAVES_BYTES) {
      const piece = new Uint8Array(Math.min(LEAVES_BYTES, size - at));
      const length = await onDisk(() => file.read(piece, at));
      must(length === piece.length, 'storage_corrupt', 'the leaves of a file became fewer while they were read');
      yield piece;
    }
  } finally {
    await onDisk(() => file.close());
  }
}
