import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TwinlockError } from '../core/errors.ts';

/** TCB collateral of a platform has about 20 KiB; see `parseEndorsements` for what is taken in the end. */
const MAX_FILE_BYTES = 512 * 1024;

/**
 * Reads a file of an endorsement folder (FORMAT.md); null where there is none. Throws `too_large`, and
 * `unavailable` where the system refuses it.
 */
export async function readEndorsement(folder: string, file: string): Promise<Uint8Array | null> {
  const path = join(folder, file);
  try {
    const handle = await open(path, constants.O_RDONLY);
    try {
      const { size } = await handle.stat();
      if (size > MAX_FILE_BYTES) {
        throw new TwinlockError('too_large', `${path}: expected at most ${MAX_FILE_BYTES} bytes, got ${size}`);
      }
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof TwinlockError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new TwinlockError('unavailable', `cannot read ${path}: ${code ?? 'unknown'}`, {}, { cause: error });
  }
}

/** Puts a file into the folder, whole or not at all: written aside, made durable, renamed. */
export async function writeEndorsement(folder: string, file: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, file);
  const aside = `${path}.${randomBytes(8).toString('hex')}.aside`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const handle = await open(aside, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}
