import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { must, TwinlockError } from './core/errors.ts';
import { systemError } from './platform/system-error.ts';

/** Reference values of a whole fleet are far below. */
const MAX_BYTES = 2 << 20;

/**
 * Reads a file of at most 2 MiB that the command line names. A pipe or a device is refused and never waited for: what
 * it gives could be endless. Throws `not_permitted`, `too_large`, and what the operating system says.
 */
export function readInputFile(path: string): Uint8Array {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    must(fstatSync(file).isFile(), 'not_permitted', 'expected a file, not a folder, a pipe or a device');
    // What is read counts, not what the file says of its size: it may be growing.
    const buffer = new Uint8Array(MAX_BYTES + 1);
    let length = 0;
    for (;;) {
      const bytesRead = readSync(file, buffer, length, buffer.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    must(length <= MAX_BYTES, 'too_large', `expected at most ${MAX_BYTES} bytes, and it has more`);
    return buffer.slice(0, length);
  } finally {
    closeSync(file);
  }
}

/** Names the file in an error about it, as the command line or the operator does. */
export function inputError(error: unknown, named: string): unknown {
  if (!(error instanceof TwinlockError)) return systemError(error, named);
  return new TwinlockError(error.code, `${named}: ${error.message}`, error.detail, { cause: error });
}
