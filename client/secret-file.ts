import { constants } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { toHex } from '../src/core/bytes.ts';
import { must } from '../src/core/errors.ts';
import { fileError } from './file-error.ts';
import { platformRandom } from './random.ts';
import { syncFolder } from './sync-folder.ts';

const OTHERS = 0o077;

/**
 * Reads a file that only its owner may read. Throws `not_found`, `not_permitted` where group or others have
 * any right to it (or where this process has none), and `too_large`.
 */
export async function readSecretFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY).catch((error: unknown) => {
    throw fileError(error, path);
  });
  try {
    const { mode, size } = await file.stat();
    must(
      (mode & OTHERS) === 0,
      'not_permitted',
      `${path} can be read by others than its owner: run chmod 600 on it, and make a new key if it was exposed`,
    );
    must(size <= maxBytes, 'too_large', `${path}: expected at most ${maxBytes} bytes, got ${size}`);
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

/**
 * Writes a file that only its owner may read, whole and durable or not at all. Throws `exists` where there
 * is one already and `replace` is not asked for.
 */
export async function writeSecretFile(path: string, bytes: Uint8Array, { replace = false } = {}): Promise<void> {
  const target = replace ? join(dirname(path), `.${basename(path)}.${toHex(platformRandom(8))}`) : path;
  const file = await open(target, 'wx', 0o600).catch((error: unknown) => {
    throw fileError(error, path);
  });
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await unlink(target);
    throw fileError(error, path);
  } finally {
    await file.close();
  }
  if (replace) await rename(target, path);
  await syncFolder(dirname(path));
}
