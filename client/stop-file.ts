import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { must, TwinlockError } from '../src/core/errors.ts';
import {
  MAX_STOP_BYTES,
  NO_STOP_FILE,
  parseSignedStop,
  type SignedStop,
  signedStopBytes,
} from '../src/core/log/signed-stop.ts';
import { statementDigest } from '../src/core/statement/statement.ts';
import { systemName } from '../src/platform/system-error.ts';
import { writeAside } from '../src/platform/write-aside.ts';
import { createFile } from './durable-file.ts';
import { fileError } from './file-error.ts';
import { syncFolder } from './sync-folder.ts';

/**
 * Reads a stop that somebody carries (src/core/log/FORMAT.md). Attacker-controlled; says nothing about whether it
 * is true. A pipe or a device is refused and never waited for. Throws as `parseSignedStop`, `not_found` and
 * `not_permitted`.
 */
export async function readStopFile(path: string): Promise<SignedStop> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const isFile = (await file.stat()).isFile();
      must(isFile, 'not_permitted', 'expected a file, not a folder, a pipe or a device');
      // One byte more than a stop has: what is longer is refused for that.
      const { buffer, bytesRead } = await file.read(new Uint8Array(MAX_STOP_BYTES + 1), 0, MAX_STOP_BYTES + 1, 0);
      return parsed(buffer.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw fileError(error, path);
    throw new TwinlockError(error.code, `${path}: ${error.message}`, error.detail, { cause: error });
  }
}

function parsed(bytes: Uint8Array): SignedStop {
  try {
    return parseSignedStop(bytes);
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    throw new TwinlockError(error.code, `${NO_STOP_FILE}: ${error.message}`, error.detail, { cause: error });
  }
}

/** Writes one, whole and durable or not at all. It is no secret. Throws `exists`, and as `fileError`. */
export async function writeStopFile(path: string, stop: SignedStop): Promise<void> {
  await createFile(path, signedStopBytes(stop), { mode: 0o644 });
}

/**
 * Puts one into a folder that a host looks into, under the name of its digest. Returns its path. Throws as `fileError`.
 */
export async function dropStopFile(folder: string, stop: SignedStop): Promise<string> {
  const path = join(folder, `${statementDigest(stop.statement)}.json`);
  try {
    // Written aside under a name of its own: what somebody has put under the stop's name does not keep it out.
    await writeAside(path, signedStopBytes(stop), { mode: 0o644 });
    await syncFolder(folder);
  } catch (error) {
    // The name aside is ours: what it cannot have, the folder that the caller named refuses.
    throw fileError(error, systemName(error) === 'EISDIR' ? path : folder);
  }
  return path;
}
