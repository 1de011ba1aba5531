import { join } from 'node:path';
import {
  MAX_STOP_BYTES,
  NO_STOP_FILE,
  parseSignedStop,
  type SignedStop,
  signedStopBytes,
} from '../../src/core/log/signed-stop.ts';
import { statementDigest } from '../../src/core/statement/statement.ts';
import { createFile } from '../../src/platform/files/durable.ts';
import { fileError, namedError } from '../../src/platform/files/error.ts';
import { readInput } from '../../src/platform/files/input.ts';
import { syncFolderIfAble } from '../../src/platform/files/sync-folder.ts';
import { systemName } from '../../src/platform/files/system-error.ts';
import { writeAside } from '../../src/platform/files/write-aside.ts';

/**
 * Reads a stop that a person carries (src/core/log/FORMAT.md). Attacker-controlled: this does not verify it. Throws as
 * `readInput` and `parseSignedStop`.
 */
export async function readStopFile(path: string): Promise<SignedStop> {
  const bytes = await readInput(path, MAX_STOP_BYTES);
  try {
    return parseSignedStop(bytes);
  } catch (error) {
    throw namedError(error, `${path}: ${NO_STOP_FILE}`);
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
    // Written aside under its own name and renamed: a file of another user under the stop's name cannot block it.
    await writeAside(path, signedStopBytes(stop), { mode: 0o644 });
    await syncFolderIfAble(folder);
  } catch (error) {
    // The name aside is ours: what it cannot have, the folder that the caller named refuses.
    throw fileError(error, systemName(error) === 'EISDIR' ? path : folder);
  }
  return path;
}
