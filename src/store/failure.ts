import { TwinlockError } from '../core/errors.ts';

const FULL = /^(?:SQLITE_FULL|ENOSPC|EDQUOT)$/;
const CORRUPT = /^SQLITE_(?:CORRUPT(?:_.*)?|NOTADB|IOERR_CORRUPTFS|IOERR_DATA)$/;

/** Runs `act`, and names the failures of a disk: `storage_full`, `storage_corrupt`. Others pass as they are. */
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

function storageFailure(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (FULL.test(code)) {
    const message = 'the disk of the data folder is full: make room, then try again';
    return new TwinlockError('storage_full', message, { cause: code }, { cause: error });
  }
  if (CORRUPT.test(code)) {
    const message = 'the database is damaged: stop, keep the data folder as it is, and restore a copy of it';
    return new TwinlockError('storage_corrupt', message, { cause: code }, { cause: error });
  }
  return error;
}
