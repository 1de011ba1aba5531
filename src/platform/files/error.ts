import { TwinlockError } from '../../core/errors.ts';
import { systemError, systemName } from './system-error.ts';

/** The error for a caller after a failure of the file system, as `systemError`. Any other error becomes `internal`. */
export function fileError(error: unknown, path: string): TwinlockError {
  const known = systemError(error, path);
  if (known instanceof TwinlockError) return known;
  return new TwinlockError('internal', `${path}: ${(error as Error).message}`, {}, { cause: error });
}

/** As `fileError`; before an error of ours the file is named. */
export function namedError(error: unknown, path: string): TwinlockError {
  if (!(error instanceof TwinlockError)) return fileError(error, path);
  return new TwinlockError(error.code, `${path}: ${error.message}`, error.detail, { cause: error });
}

/** Runs work on an open file. The errors of the system do not name the file, so this does. Throws as `fileError`. */
export async function withPath<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (systemName(error) === null) throw error;
    throw fileError(error, path);
  }
}
