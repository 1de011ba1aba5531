import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Hex } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { plaintextSegmentBytes } from '../../src/core/weights/floe.ts';
import { asideName } from '../../src/core/weights/names.ts';
import { fileError } from '../file-error.ts';
import { syncFolder } from '../sync-folder.ts';
import type { Source } from './segments.ts';

/** What a file must become; from the inner manifest. */
export interface Target {
  /** Relative to the folder, with slashes; has passed `parseFilePaths`. */
  readonly path: string;
  /** SHA-256 of its plaintext. */
  readonly sha256: Hex;
}

/** Read at a time when what lies on disk is hashed again. */
const READ_BYTES = 1 << 20;

/**
 * Whether the file is there already, whole: then it need not be fetched. Hashes it; a file of another length is
 * not even read.
 */
export async function isInPlace(folder: string, { path, sha256 }: Target, bytes: number): Promise<boolean> {
  // Not blocking: what lies there may be a pipe without a writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(join(folder, path), flags).catch(() => null);
  if (file === null) return false;
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size !== bytes) return false;
    const hash = createHash('sha256');
    await hashPrefix(file, bytes, hash);
    return hash.digest('hex') === sha256;
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await file.close();
  }
}

/**
 * Writes a file aside, checks its digest, and renames it into place when it is on disk. What an earlier run left
 * aside is kept up to its last whole segment; where the whole then has another digest, it is fetched anew, once.
 * Throws `digest_mismatch`, `storage_full`, `not_permitted`, and as the source.
 */
export async function writeTarget(
  folder: string,
  target: Target,
  source: Source,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const path = join(folder, target.path);
  await makeFolders(folder, target.path);
  const aside = join(dirname(path), asideName(basename(path)));
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const file = await open(aside, flags, 0o600).catch((error: unknown) => {
    throw fileError(error, aside);
  });
  try {
    await file.chmod(0o600);
    const kept = await keptSegments(file, source);
    let got = await fill(file, source, kept, onBytes);
    if (got !== target.sha256 && kept > 0) {
      onBytes(-source.plainBytes);
      got = await fill(file, source, 0, onBytes);
    }
    must(
      got === target.sha256,
      'digest_mismatch',
      `${target.path}: expected SHA-256 ${target.sha256}, got ${got}: the depositor’s manifest is wrong`,
    );
    await file.sync();
  } catch (error) {
    throw fileError(error, target.path);
  } finally {
    await file.close();
  }
  try {
    await rename(aside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw fileError(error, target.path);
  }
}

/** Removes files, and what lies aside of them. */
export async function removeTargets(folder: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const whole = join(folder, path);
    await rm(whole, { force: true });
    await rm(join(dirname(whole), asideName(basename(whole))), { force: true });
  }
}

async function keptSegments(file: FileHandle, { segments }: Source): Promise<number> {
  const { size } = await file.stat();
  return Math.min(Math.floor(size / plaintextSegmentBytes()), segments - 1);
}

/** Goes on at segment `from`. Returns the SHA-256 of the whole. */
async function fill(file: FileHandle, source: Source, from: number, onBytes: (bytes: number) => void): Promise<Hex> {
  const hash = createHash('sha256');
  let position = from * plaintextSegmentBytes();
  await file.truncate(position);
  await hashPrefix(file, position, hash);
  onBytes(position);
  let writing: Promise<void> = Promise.resolve();
  for await (const plaintext of source.plaintext(from)) {
    // One write is under way while the next segment is decrypted.
    await writing;
    writing = writeAll(file, plaintext, position);
    writing.catch(() => undefined);
    hash.update(plaintext);
    position += plaintext.length;
    onBytes(plaintext.length);
  }
  await writing;
  return hash.digest('hex');
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

async function hashPrefix(file: FileHandle, bytes: number, hash: ReturnType<typeof createHash>): Promise<void> {
  const buffer = new Uint8Array(Math.min(READ_BYTES, bytes));
  for (let position = 0; position < bytes; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, bytes - position), position);
    must(bytesRead > 0, 'unavailable', 'a file became shorter while it was read: run the same command again');
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

/** Makes the folders of a path, none of them through a symbolic link: nothing is written outside the folder. */
async function makeFolders(folder: string, path: string): Promise<void> {
  const names = path.split('/').slice(0, -1);
  try {
    await mkdir(folder, { recursive: true });
    for (let i = 1; i <= names.length; i++) {
      const below = join(folder, ...names.slice(0, i));
      await mkdir(below).catch(ignoreExisting);
      const isFolder = (await lstat(below)).isDirectory();
      must(isFolder, 'not_permitted', `${below}: expected a folder, no symbolic link: remove it`);
    }
  } catch (error) {
    throw fileError(error, join(folder, path));
  }
}

function ignoreExisting(error: { code?: unknown }): void {
  if (error.code !== 'EEXIST') throw error;
}
