import { open } from 'node:fs/promises';
import { must } from '../../src/core/errors.ts';
import { fileError } from '../file-error.ts';

/** Reads a file that anybody may read. Throws `not_found`, `not_permitted`, `too_large`. */
export async function readInput(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      must(size <= maxBytes, 'too_large', `${path}: expected at most ${maxBytes} bytes, got ${size}`);
      return new Uint8Array(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}
