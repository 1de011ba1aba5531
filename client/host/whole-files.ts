import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import type { Hex } from '../../src/core/bytes.ts';
import { fileError } from '../../src/platform/files/error.ts';
import { syncFolderIfAble } from '../../src/platform/files/sync-folder.ts';
import { systemName } from '../../src/platform/files/system-error.ts';
import type { FileAccess } from './part-file.ts';

const sync = promisify(fsync);

/** A small file, to be written at once. */
export interface WholeFile {
  /** Its name in errors. */
  readonly path: string;
  /** The path at which it is written until it is whole, in a folder that no other process or user writes to. */
  readonly aside: string;
  /** Its final path, for the system. */
  readonly folder: string;
  readonly name: string;
  readonly plaintext: Uint8Array;
  readonly sha256: Hex;
}

/**
 * Writes files, each aside; has all of them written to the disk at once; renames each into place whose SHA-256 is right
 * by what can be read back; and makes that durable, each folder once. Returns whether each is in place: what is not lies
 * aside. Each call takes a moment and no wait but for the disk, so it is made on this thread. Throws as the file system,
 * naming the file.
 */
export async function writeWhole(files: readonly WholeFile[], access: FileAccess): Promise<readonly boolean[]> {
  const opened: { readonly file: WholeFile; readonly fd: number }[] = [];
  try {
    for (const file of files) {
      naming(file, () => {
        const fd = openNew(file.aside);
        opened.push({ file, fd });
        writeAll(fd, file.plaintext);
        if (access.gid !== null) fchownSync(fd, -1, access.gid);
        fchmodSync(fd, access.mode);
      });
    }
    const synced = await Promise.allSettled(opened.map(({ fd }) => sync(fd)));
    const buffer = new Uint8Array(files.reduce((most, { plaintext }) => Math.max(most, plaintext.length), 0));
    const inPlace = opened.map(({ file, fd }, i) =>
      naming(file, () => {
        const result = synced[i];
        if (result?.status === 'rejected') throw result.reason;
        if (readBack(fd, file.plaintext.length, buffer) !== file.sha256) return false;
        renameSync(file.aside, `${file.folder}/${file.name}`);
        return true;
      }),
    );
    const folders = new Map(files.map((file) => [file.folder, file]));
    for (const [folder, file] of folders) {
      await syncFolderIfAble(folder).catch((error: unknown) => {
        throw fileError(error, file.path);
      });
    }
    return inPlace;
  } finally {
    for (const { file, fd } of opened) naming(file, () => closeSync(fd));
  }
}

function naming<T>({ path }: WholeFile, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw fileError(error, path);
  }
}

/** What an earlier run left there goes. */
function openNew(path: string): number {
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const create = () => openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    return create();
  } catch (error) {
    if (systemName(error) !== 'EEXIST') throw error;
    rmSync(path, { recursive: true, force: true });
    return create();
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
}

/** The SHA-256 of what is there, of `bytes` at the most. */
function readBack(fd: number, bytes: number, buffer: Uint8Array): Hex {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes; ) {
    const read = readSync(fd, buffer, 0, bytes - at, at);
    if (read === 0) break;
    hash.update(buffer.subarray(0, read));
    at += read;
  }
  return hash.digest('hex');
}
