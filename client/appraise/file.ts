import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { must } from '../../src/core/errors.ts';
import { fileError } from '../file-error.ts';

/**
 * Reads a file that anybody may read. A pipe or a device is refused and never waited for: what it gives could be
 * endless, and would be gone when somebody else wants to look at the same evidence. Throws `not_found`,
 * `not_permitted`, `too_large`.
 */
export async function readInput(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const isFile = (await file.stat()).isFile();
      must(isFile, 'not_permitted', `${path}: expected a file, not a folder, a pipe or a device`);
      // What is read counts, not what the file says of its size: it may be growing.
      const buffer = new Uint8Array(maxBytes + 1);
      let length = 0;
      for (;;) {
        const { bytesRead } = await file.read(buffer, length, buffer.length - length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      must(length <= maxBytes, 'too_large', `${path}: expected at most ${maxBytes} bytes, and it has more`);
      return buffer.slice(0, length);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}
