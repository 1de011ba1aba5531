import type { FileHandle } from 'node:fs/promises';
import { type BoundedFile, type BoundedOptions, openNamed, readBounded, readBoundedSync } from './bounded.ts';
import { namedError } from './error.ts';

/**
 * Reads a file that a person names. A pipe or a device is refused and never waited for: what it gives could be endless,
 * and would be gone when another person wants to look at the same evidence. Throws `not_found`, `not_permitted`,
 * `too_large`, `invalid_name`, and as `fileError`.
 */
export async function readInput(path: string, maxBytes: number): Promise<Uint8Array> {
  return (await readInputFile(path, maxBytes)).bytes;
}

/** The same, with what the system says of the file, and what `options` ask of it besides. */
export async function readInputFile(path: string, maxBytes: number, options?: BoundedOptions): Promise<BoundedFile> {
  try {
    return await readBounded(path, maxBytes, options);
  } catch (error) {
    throw namedError(error, path);
  }
}

/** The same for a file that settings are in, without which nothing begins. */
export function readInputSync(path: string, maxBytes: number): Uint8Array {
  try {
    return readBoundedSync(path, maxBytes);
  } catch (error) {
    throw namedError(error, path);
  }
}

/** Opens such a file of any length. Throws as `readInput`. To be closed by the caller. */
export async function openInput(path: string): Promise<FileHandle> {
  try {
    return await openNamed(path);
  } catch (error) {
    throw namedError(error, path);
  }
}
