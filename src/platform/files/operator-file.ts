import { TwinlockError } from '../../core/errors.ts';
import { readBoundedSync } from './bounded.ts';
import { systemError } from './system-error.ts';

/** Reference values of a whole fleet are far below. */
const MAX_BYTES = 2 << 20;

/** Reads a file of at most 2 MiB that the command line names. Throws as `readBoundedSync`. */
export function readOperatorFile(path: string): Uint8Array {
  return readBoundedSync(path, MAX_BYTES);
}

/** Names the file in an error about it, as the command line or the operator does. */
export function inputError(error: unknown, named: string): unknown {
  if (!(error instanceof TwinlockError)) return systemError(error, named);
  return new TwinlockError(error.code, `${named}: ${error.message}`, error.detail, { cause: error });
}
