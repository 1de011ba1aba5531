import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toHex } from '../src/core/bytes.ts';
import { must, TwinlockError } from '../src/core/errors.ts';
import {
  MAX_STOP_BYTES,
  NO_STOP_FILE,
  parseSignedStop,
  type SignedStop,
  signedStopBytes,
} from '../src/core/log/signed-stop.ts';
import { statementDigest } from '../src/core/statement/statement.ts';
import { fileError } from './file-error.ts';
import { platformRandom } from './random.ts';
import { syncFolder } from './sync-folder.ts';

/**
 * Reads a stop that somebody carries (src/core/log/FORMAT.md). Attacker-controlled; says nothing about whether it
 * is true. A pipe or a device is refused and never waited for. Throws as `parseSignedStop`, `not_found` and
 * `not_permitted`.
 */
export async function readStopFile(path: string): Promise<SignedStop> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw fileError(error, path);
  });
  try {
    const stat = await file.stat();
    must(stat.isFile(), 'not_permitted', `${path}: expected a file, not a folder, a pipe or a device`);
    // One byte more than a stop has: what is longer is refused for that.
    const { buffer, bytesRead } = await file.read(new Uint8Array(MAX_STOP_BYTES + 1), 0, MAX_STOP_BYTES + 1, 0);
    return parsed(buffer.subarray(0, bytesRead));
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw fileError(error, path);
    throw new TwinlockError(error.code, `${path}: ${error.message}`, error.detail, { cause: error });
  } finally {
    await file.close();
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

/** Writes one, whole and durable or not at all. It is no secret. Throws `exists`. */
export async function writeStopFile(path: string, stop: SignedStop): Promise<void> {
  const file = await open(path, 'wx', 0o644).catch((error: unknown) => {
    throw fileError(error, path);
  });
  try {
    await file.writeFile(signedStopBytes(stop));
    await file.sync();
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}

/** Puts one into a folder that a host looks into, under the name of its digest. Returns its path. Throws `not_found`, `not_permitted`. */
export async function dropStopFile(folder: string, stop: SignedStop): Promise<string> {
  const name = `${statementDigest(stop.statement)}.json`;
  const path = join(folder, name);
  // No name that somebody could have put something under before: that would keep the stop out.
  const aside = join(folder, `.${name}.${toHex(platformRandom(8))}`);
  await writeStopFile(aside, stop).catch((error: unknown) => {
    // The name aside is ours: it is the folder that the caller named.
    throw fileError(error instanceof TwinlockError ? error.cause : error, folder);
  });
  try {
    await rename(aside, path);
  } catch (error) {
    throw fileError(error, path);
  }
  await syncFolder(folder);
  return path;
}
