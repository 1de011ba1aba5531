import { TwinlockError } from '../core/errors.ts';
import { systemError, systemName } from '../platform/files/system-error.ts';

/**
 * Runs `act`, and tells the failures of a disk as a caller of the vault may know them: `storage_full`,
 * `storage_corrupt`, and `storage_failed` for all others. What is no failure of a disk passes as it is.
 */
export function inStore<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw storageFailure(error);
  }
}

/** The same of an asynchronous act. */
export async function onDisk<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw storageFailure(error);
  }
}

/**
 * The same for the operator, who starts the daemon or records a stop by hand: as `systemError`, with file and remedy.
 */
export function forOperator(error: unknown, dataDir: string): unknown {
  const isOfDisk = error instanceof TwinlockError && systemName(error.cause) !== null;
  if (!isOfDisk || !error.code.startsWith('storage_')) return error;
  const { path } = error.cause as NodeJS.ErrnoException;
  return systemError(error.cause, path ?? dataDir);
}

const FULL = 'the disk of the data folder is full: make room, then try again';
const DAMAGED = 'the database is damaged: stop, keep the data folder as it is, and restore a copy of it';
/** Callers of the vault are told it too: what the disk refused, and where, is in the daemon's log alone. */
const FAILED = 'the disk of the data folder failed: its operator has to look at the daemon’s log; then try again';

/** By the same table as for persons. A person could mend the cause; a caller can only wait. */
function storageFailure(error: unknown): unknown {
  if (error instanceof TwinlockError) return error;
  const name = systemName(error);
  if (name === null) return error;
  const { code } = systemError(error) as TwinlockError;
  if (code === 'storage_full') return new TwinlockError(code, FULL, { cause: name }, { cause: error });
  if (code === 'storage_corrupt') return new TwinlockError(code, DAMAGED, { cause: name }, { cause: error });
  return new TwinlockError('storage_failed', FAILED, { cause: name }, { cause: error });
}
