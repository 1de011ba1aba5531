import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { must } from '../../core/errors.ts';

/** Opening a pipe without a writer would wait for one, and no signal ends that. */
const TO_READ = constants.O_RDONLY | constants.O_NONBLOCK;

export interface BoundedFile {
  readonly bytes: Uint8Array;
  readonly stats: Stats;
}

export interface BoundedOptions {
  /** Besides those to read: `O_NOFOLLOW` for instance. */
  readonly flags?: number;
  /** Called before anything is read; throws what keeps the file from being read. */
  readonly accept?: (stats: Stats) => void;
}

/**
 * Opens a file that a person names. A folder, a pipe or a device is refused and never waited for: what it gives could be
 * endless. Throws `invalid_name`, `not_permitted`, and what the operating system says; no message names the path. To be
 * closed by the caller.
 */
export async function openNamed(path: string, { flags = 0, accept }: BoundedOptions = {}): Promise<FileHandle> {
  requirePath(path);
  const file = await open(path, TO_READ | flags);
  try {
    const stats = await file.stat();
    requireFile(stats);
    accept?.(stats);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Reads at most `maxBytes` of such a file. Throws `too_large`, and as `openNamed`. */
export async function readBounded(path: string, maxBytes: number, options?: BoundedOptions): Promise<BoundedFile> {
  const file = await openNamed(path, options);
  try {
    const buffer = new Uint8Array(maxBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return { bytes: within(buffer, length), stats: await file.stat() };
  } finally {
    await file.close();
  }
}

/** The same, and all else waits for it: before a program does anything else. */
export function readBoundedSync(path: string, maxBytes: number): Uint8Array {
  requirePath(path);
  const file = openSync(path, TO_READ);
  try {
    requireFile(fstatSync(file));
    const buffer = new Uint8Array(maxBytes + 1);
    let length = 0;
    for (;;) {
      const bytesRead = readSync(file, buffer, length, buffer.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return within(buffer, length);
  } finally {
    closeSync(file);
  }
}

/** The system ends a name at a NUL, so no file has one in its name. */
function requirePath(path: string): void {
  must(!path.includes('\0'), 'invalid_name', 'expected the name of a file, got a NUL character in it');
}

function requireFile(stats: Stats): void {
  must(stats.isFile(), 'not_permitted', 'expected a file, not a folder, a pipe or a device');
}

/** The bytes that were read count, not the size of the file: the file may be growing. */
function within(buffer: Uint8Array, length: number): Uint8Array {
  const maxBytes = buffer.length - 1;
  must(length <= maxBytes, 'too_large', `expected at most ${maxBytes} bytes, and it has more`);
  return buffer.slice(0, length);
}
