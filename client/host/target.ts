import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, chown, type FileHandle, lstat, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Hex } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { fileError } from '../file-error.ts';
import { syncFolder } from '../sync-folder.ts';
import { PartFile, readThrough } from './part-file.ts';
import { type Missing, requireRoom } from './room.ts';
import type { Source } from './segments.ts';
import { writeWhole } from './whole-files.ts';
import { WorkFolder } from './work-folder.ts';

/** What a file must become; from the inner manifest. */
export interface Target {
  /** Relative to the folder, with slashes; has passed `parseFilePaths`. */
  readonly path: string;
  /** SHA-256 of its plaintext. */
  readonly sha256: Hex;
  readonly plainBytes: number;
  /** What it is called while it is not whole: the same for the same ciphertext alone. */
  readonly part: string;
}

/** Who may read what is fetched. */
export interface TargetAccess {
  /** Permission bits of files. */
  readonly fileMode: number;
  /** Of folders that are made; null for what the umask leaves. */
  readonly folderMode: number | null;
  /** Group of both; null for the one that the system gives. */
  readonly gid: number | null;
}

/** Nothing but the user's own. */
export const PRIVATE: TargetAccess = { fileMode: 0o600, folderMode: null, gid: null };

/** The folder that a version is fetched to, held by this process alone until `close`. */
export class TargetFolder {
  readonly path: string;
  readonly #work: WorkFolder;
  readonly #access: TargetAccess;

  private constructor(path: string, work: WorkFolder, access: TargetAccess) {
    this.path = path;
    this.#work = work;
    this.#access = access;
  }

  /**
   * Makes the folder where it is missing, and takes it. `what` says what for, to those who find it taken. Throws as
   * `WorkFolder.take`; `not_permitted` too where this user may not give files to the group.
   */
  static async open(path: string, what: string, access: TargetAccess = PRIVATE): Promise<TargetFolder> {
    const first = await mkdir(path, { recursive: true }).catch((error: unknown) => {
      throw fileError(error, path);
    });
    const work = await WorkFolder.take(path, what);
    try {
      if (access.gid !== null) await work.requireGroup(access.gid);
      if (first !== undefined) await openUp(path, first, access);
      return new TargetFolder(path, work, access);
    } catch (error) {
      await work.release();
      throw fileError(error, path);
    }
  }

  /** Whether the file is there, whole. Hashes it; a file of another length is not even read. */
  async isInPlace({ path, sha256, plainBytes }: Target): Promise<boolean> {
    // Not blocking: what lies there may be a pipe without a writer.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(join(this.path, path), flags).catch(() => null);
    if (file === null) return false;
    try {
      const found = await file.stat();
      if (!found.isFile() || found.size !== plainBytes) return false;
      const hash = createHash('sha256');
      await readThrough(file, plainBytes, (bytes) => hash.update(bytes));
      if (hash.digest('hex') !== sha256) return false;
      await this.#giveAccess(file);
      return true;
    } catch (error) {
      throw fileError(error, path);
    } finally {
      await file.close();
    }
  }

  /** Throws `storage_full` unless there is room for all of these, in this order, less what is there of them. */
  async requireRoom(targets: readonly Target[]): Promise<void> {
    const missing: Missing[] = targets.map(({ path, part, plainBytes }) => {
      return { plainBytes, part: join(this.#work.path, part), place: join(this.path, path) };
    });
    await requireRoom(this.path, missing);
  }

  /**
   * Fetches a file, what is wanted of it, and renames it into place once the SHA-256 of what can be read back is the
   * target's. What turns out to be damaged is fetched once more. `onBytes` is told of plaintext that is there; negative
   * where it is wanted again. Throws `digest_mismatch`, `storage_corrupt`, and what the source and the file system throw.
   */
  async write(target: Target, source: Source, onBytes: (bytes: number) => void): Promise<void> {
    const place = join(this.path, target.path);
    try {
      await this.#makeFolders(target.path);
      const part = await PartFile.open(join(this.#work.path, target.part), target.plainBytes);
      try {
        await complete(part, target, source, this.#access, onBytes);
        await part.place(place);
      } finally {
        await part.close();
      }
      await syncFolder(dirname(place));
    } catch (error) {
      throw fileError(error, target.path);
    }
  }

  /**
   * Writes small files, and returns those that are in place: whose SHA-256 of what can be read back is the target's.
   * Throws as `write`.
   */
  async writeSmall<T extends { readonly target: Target; readonly plaintext: Uint8Array }>(
    files: readonly T[],
  ): Promise<readonly T[]> {
    const folders = new Map(files.map(({ target }) => [dirname(target.path), target.path]));
    for (const path of folders.values()) {
      await this.#makeFolders(path).catch((error: unknown) => {
        throw fileError(error, path);
      });
    }
    const whole = files.map(({ target: { path, part, sha256 }, plaintext }) => {
      return { path, aside: join(this.#work.path, part), place: join(this.path, path), plaintext, sha256 };
    });
    const { fileMode: mode, gid } = this.#access;
    const inPlace = await writeWhole(whole, { mode, gid });
    return files.filter((_, i) => inPlace[i]);
  }

  /** Removes what lies aside: of an earlier run, of another version. */
  async removeParts(): Promise<void> {
    await this.#work.clear();
  }

  /** Removes files of the folder, and all that lies aside. */
  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) await rm(join(this.path, path), { force: true });
    await this.removeParts();
  }

  /** What lies aside stays, for a later run. */
  async close(): Promise<void> {
    await this.#work.release();
  }

  /** One that is in place has what was asked for, too; unless nothing was. */
  async #giveAccess(file: FileHandle): Promise<void> {
    const { fileMode, folderMode, gid } = this.#access;
    if (gid !== null) await file.chown(-1, gid);
    if (folderMode !== null) await file.chmod(fileMode);
  }

  /** Makes the folders of a path, none of them through a symbolic link: nothing is written outside the folder. */
  async #makeFolders(path: string): Promise<void> {
    const names = path.split('/').slice(0, -1);
    for (let i = 1; i <= names.length; i++) {
      const below = join(this.path, ...names.slice(0, i));
      const isMade = await mkdir(below).then(() => true, ignoreExisting);
      const isFolder = (await lstat(below)).isDirectory();
      must(isFolder, 'not_permitted', `${below}: expected a folder, no symbolic link: remove it`);
      if (isMade) await openUp(below, below, this.#access);
    }
  }
}

/** Fetches until what can be read back is the target. */
async function complete(
  part: PartFile,
  { path, sha256 }: Target,
  source: Source,
  { fileMode: mode, gid }: TargetAccess,
  onBytes: (bytes: number) => void,
): Promise<void> {
  onBytes(part.keptBytes);
  let wasDamaged = false;
  for (;;) {
    await fill(part, source, onBytes);
    const got = await part.readBack({ mode, gid });
    if (got === sha256) return;
    const damaged = await part.forgetDamaged();
    must(
      damaged === null || !wasDamaged,
      'storage_corrupt',
      `${path}: the disk does not give back what was written to segment ${damaged}: see to the disk, and to what else writes there`,
    );
    wasDamaged = damaged !== null;
    // Whatever an earlier run left has its checksum by then, and may have been something else from the start.
    const isMore = damaged !== null || (await part.forgetKept());
    must(
      isMore,
      'digest_mismatch',
      `${path}: expected SHA-256 ${sha256}, got ${got}: the depositor’s manifest is wrong`,
    );
    onBytes(part.keptBytes - part.plainBytes);
  }
}

/** Writes the segments that are wanted. */
async function fill(part: PartFile, source: Source, onBytes: (bytes: number) => void): Promise<void> {
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const { k, plaintext } of source.plaintext(part.wanted())) {
      // One write is under way while the next segment is decrypted.
      await writing;
      writing = part.write(k, plaintext);
      writing.catch(() => undefined);
      onBytes(plaintext.length);
    }
  } finally {
    await writing;
  }
}

/** Gives folders that were just made, `path` and those above it up to `first`, what was asked for. */
async function openUp(path: string, first: string, { folderMode, gid }: TargetAccess): Promise<void> {
  const top = resolve(first);
  for (let at = resolve(path); at.length >= top.length; at = dirname(at)) {
    if (gid !== null) await chown(at, -1, gid);
    if (folderMode !== null) await chmod(at, folderMode);
  }
}

function ignoreExisting(error: { code?: unknown }): boolean {
  if (error.code !== 'EEXIST') throw error;
  return false;
}
