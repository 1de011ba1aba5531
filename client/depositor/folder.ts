import { constants, type Dirent } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { MAX_FILE_BYTES, MAX_FILES } from '../../src/core/weights/manifest.ts';
import { parseFilePath, parseFilePaths } from '../../src/core/weights/names.ts';
import { fileError } from '../file-error.ts';

/** Folders may be empty, but not without end. */
const MAX_FOLDERS = MAX_FILES;
/** What the platform puts where a name is not UTF-8. */
const REPLACEMENT = '\ufffd';

/** A regular file as it was found: it must still be the same when it is read. */
export interface FoundFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly identity: Identity;
}

interface Identity {
  readonly ino: bigint;
  readonly mtimeNs: bigint;
  readonly size: bigint;
}

/**
 * The regular files of a folder and all below it, hidden ones included, in the order of their paths. Symbolic
 * links and everything else that is no file are refused: what is deposited is what lies here. Throws
 * `invalid_name`, `too_large` (a file, or too many), `not_found` (no file at all), `not_permitted`.
 */
export async function walkFolder(folder: string): Promise<readonly FoundFile[]> {
  const paths: string[] = [];
  const folders = [''];
  for (let i = 0; i < folders.length; i++) {
    must(folders.length <= MAX_FOLDERS, 'too_large', `${folder}: expected at most ${MAX_FOLDERS} folders`);
    const below = folders[i] as string;
    for (const entry of await list(join(folder, below))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      must(!entry.name.includes(REPLACEMENT), 'invalid_name', `${JSON.stringify(path)}: expected a name in UTF-8`);
      must(!entry.isSymbolicLink(), 'invalid_name', `${path}: a symbolic link: put the file itself there`);
      must(entry.isDirectory() || entry.isFile(), 'invalid_name', `${path}: neither a file nor a folder`);
      (entry.isDirectory() ? folders : paths).push(path);
    }
    // One place is the inner manifest's.
    must(paths.length < MAX_FILES, 'too_large', `${folder}: expected fewer than ${MAX_FILES} files`);
  }
  must(paths.length > 0, 'not_found', `${folder}: there is no file in it`);
  requireFitNames(paths.sort());
  const files: FoundFile[] = [];
  for (const path of paths) files.push(await find(folder, path));
  return files;
}

async function list(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw fileError(error, folder);
  }
}

/** Names the file in the error, since the depositor has to rename it: the core does not say which it is. */
function requireFitNames(paths: readonly string[]): void {
  for (const path of paths) named(path, () => parseFilePath(path));
  const clash = (error: TwinlockError) => paths[Number(error.detail['index'])] ?? '';
  named(clash, () => parseFilePaths(paths));
}

function named(path: string | ((error: TwinlockError) => string), check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    const name = JSON.stringify(typeof path === 'string' ? path : path(error));
    throw new TwinlockError(error.code, `${name}: ${error.message}`, error.detail);
  }
}

async function find(folder: string, path: string): Promise<FoundFile> {
  const file = await openFile(folder, path);
  try {
    const identity = await identityOf(file);
    const bytes = Number(identity.size);
    must(bytes <= MAX_FILE_BYTES, 'too_large', `${path}: expected at most ${MAX_FILE_BYTES} bytes, got ${bytes}`);
    return { path, bytes, identity };
  } finally {
    await file.close();
  }
}

async function openFile(folder: string, path: string): Promise<FileHandle> {
  try {
    return await open(join(folder, path), constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw fileError(error, path);
  }
}

async function identityOf(file: FileHandle): Promise<Identity> {
  const { ino, mtimeNs, size } = await file.stat({ bigint: true });
  return { ino, mtimeNs, size };
}

/**
 * Reads a found file once, in pieces of `pieceBytes` (the last may be shorter; none for an empty file). Each
 * piece is good until the next. Throws `upload_conflict` where it is not the file that was found, before or
 * after: what was read is then of no use.
 */
export async function* readFound(
  folder: string,
  found: FoundFile,
  pieceBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await openFile(folder, found.path);
  try {
    await requireUnchanged(file, found);
    const buffer = new Uint8Array(Math.min(pieceBytes, found.bytes));
    for (let position = 0; position < found.bytes; ) {
      const wanted = Math.min(pieceBytes, found.bytes - position);
      await fill(file, buffer.subarray(0, wanted), position, found);
      position += wanted;
      yield buffer.subarray(0, wanted);
    }
    await requireUnchanged(file, found);
  } finally {
    await file.close();
  }
}

async function fill(file: FileHandle, target: Uint8Array, position: number, found: FoundFile): Promise<void> {
  for (let filled = 0; filled < target.length; ) {
    const { bytesRead } = await file.read(target, filled, target.length - filled, position + filled);
    must(bytesRead > 0, 'upload_conflict', changed(found));
    filled += bytesRead;
  }
}

async function requireUnchanged(file: FileHandle, found: FoundFile): Promise<void> {
  const { ino, mtimeNs, size } = await identityOf(file);
  const same = ino === found.identity.ino && mtimeNs === found.identity.mtimeNs && size === found.identity.size;
  must(same, 'upload_conflict', changed(found));
}

function changed({ path }: FoundFile): string {
  return `${path} changed while it was read: let nothing write to the folder, then deposit it again`;
}
