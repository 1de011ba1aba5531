import { TwinlockError } from '../src/core/errors.ts';
import { systemError } from '../src/platform/system-error.ts';

/** What a failure of the file system means to a caller, as `systemError`; what is none is `internal`. */
export function fileError(error: unknown, path: string): TwinlockError {
  const known = systemError(error, path);
  if (known instanceof TwinlockError) return known;
  return new TwinlockError('internal', `${path}: ${(error as Error).message}`, {}, { cause: error });
}
