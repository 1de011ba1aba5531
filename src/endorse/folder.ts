import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { TwinlockError } from '../core/errors.ts';
import { readBounded } from '../platform/files/bounded.ts';
import { writeAside } from '../platform/files/write-aside.ts';

/** TCB collateral of a platform has about 20 KiB; see `parseEndorsements` for what is taken in the end. */
const MAX_FILE_BYTES = 512 * 1024;

export interface EndorsementFile {
  readonly bytes: Uint8Array;
  readonly modifiedMs: number;
}

/**
 * Reads a file of an endorsement folder (FORMAT.md); null where there is none. Throws `too_large`, and
 * `unavailable` for what is no file and where the system refuses it.
 */
export async function readEndorsement(folder: string, file: string): Promise<EndorsementFile | null> {
  const path = join(folder, file);
  try {
    const { bytes, stats } = await readBounded(path, MAX_FILE_BYTES);
    return { bytes, modifiedMs: Math.floor(stats.mtimeMs) };
  } catch (error) {
    if (isAbsent(error)) return null;
    const isTooLarge = error instanceof TwinlockError && error.code === 'too_large';
    const why = error instanceof TwinlockError ? error.message : ((error as NodeJS.ErrnoException).code ?? 'unknown');
    const message = isTooLarge ? `${path}: ${why}` : `cannot read ${path}: ${why}`;
    throw new TwinlockError(isTooLarge ? 'too_large' : 'unavailable', message, {}, { cause: error });
  }
}

/** Puts a file into the folder, whole or not at all, dated `nowMs`. */
export async function writeEndorsement(folder: string, file: string, bytes: Uint8Array, nowMs: number): Promise<void> {
  const path = join(folder, file);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeAside(path, bytes, { modifiedMs: nowMs });
}

/** All files of the folder, in no order; those that go meanwhile are left out. */
export async function listEndorsements(
  folder: string,
): Promise<readonly { readonly file: string; readonly modifiedMs: number }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const found = await Promise.all(
    paths.map(async (path) => {
      try {
        return [{ file: relative(folder, path), modifiedMs: (await stat(path)).mtimeMs }];
      } catch (error) {
        if (isAbsent(error)) return [];
        throw error;
      }
    }),
  );
  return found.flat();
}

export async function removeEndorsement(folder: string, file: string): Promise<void> {
  await rm(join(folder, file), { force: true });
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
