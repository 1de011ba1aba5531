import { createHash } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Hex } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { WORK_FOLDER } from '../../src/core/weights/names.ts';
import { fileError, withPath } from '../../src/platform/files/error.ts';
import { syncFolderIfAble } from '../../src/platform/files/sync-folder.ts';
import { requireSqlitePath } from '../../src/platform/sqlite-path.ts';
import { HeldFolder } from './held-folder.ts';
import { MOUNTINFO, requireNoMountBelow } from './mounts.ts';
import { PartFile, readThrough } from './part-file.ts';
import { type Missing, nearest, requireRoomFor, requireTargetRoom } from './room.ts';
import type { FileSource } from './segments.ts';
import { writeWhole } from './whole-files.ts';
import { LOCK, WorkFolder } from './work-folder.ts';

/** The expected result of a file, from the inner manifest. */
export interface WantedFile {
  /** Relative to the folder, with slashes; has passed `parseFilePaths`. */
  readonly path: string;
  /** SHA-256 of its plaintext. */
  readonly sha256: Hex;
  readonly plainBytes: number;
  /** Its name while it is not whole. Only the same ciphertext gives the same name. */
  readonly part: string;
}

/** The users who may read the fetched files. */
export interface TargetAccess {
  /** Permission bits of files. */
  readonly fileMode: number;
  /** The mode of folders that are made; null for 0700. */
  readonly folderMode: number | null;
  /** Group of both; null for the one that the system gives. */
  readonly gid: number | null;
}

/** Access for this user only. */
export const PRIVATE: TargetAccess = { fileMode: 0o600, folderMode: null, gid: null };

const MAX_OTHERS = 1000;

/**
 * Checks a folder before the request, without making or locking it. Throws as
 * `HeldFolder.open`, `requireNoMountBelow`, `requireSqlitePath` and `requireRoomFor`.
 */
export async function requirePlaceFor(folder: string, bytes: number): Promise<void> {
  const there = await nearest(resolve(folder));
  await (await HeldFolder.open(there)).close();
  if (there === resolve(folder)) await requireNoMountBelow(there);
  requireSqlitePath(join(folder, WORK_FOLDER, LOCK), folder);
  await requireRoomFor(folder, bytes);
}

/** The folder that a version is fetched to, held by this process alone until `close`. */
export class TargetFolder {
  readonly #work: WorkFolder;
  readonly #access: TargetAccess;

  private constructor(work: WorkFolder, access: TargetAccess) {
    this.#work = work;
    this.#access = access;
  }

  get path(): string {
    return this.#work.target.path;
  }

  /**
   * Makes the folder where it is missing, and takes it. `what` says what for, to those who find it taken. Throws as
   * `HeldFolder.open`, `WorkFolder.take` and `requireNoMountBelow`; `not_permitted` too where this user may not give
   * files to the group.
   */
  static async open(
    path: string,
    what: string,
    access: TargetAccess = PRIVATE,
    mountinfo: string = MOUNTINFO,
  ): Promise<TargetFolder> {
    const made: HeldFolder[] = [];
    try {
      const work = await WorkFolder.takeIn(await HeldFolder.open(path, made), what, mountinfo);
      try {
        await requireNoMountBelow(path, mountinfo);
        if (access.gid !== null) await work.requireGroup(access.gid);
        await openUp(made, access);
        return new TargetFolder(work, access);
      } catch (error) {
        await work.release();
        throw fileError(error, path);
      }
    } finally {
      await closeAll(made);
    }
  }

  /** Whether the file is there, whole. Hashes it; a file of another length is not even read. */
  async isInPlace({ path, sha256, plainBytes }: WantedFile): Promise<boolean> {
    // A link on the way can hide what is there, which is fetched then, and can make nothing pass for the file.
    if (!existsSync(this.#work.target.at(path))) return false;
    const folder = await this.#folderOf(path).catch(() => null);
    if (folder === null) return false;
    // Not blocking: what lies there may be a pipe without a writer.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(folder.at(basename(path)), flags).catch(() => null);
    await folder.close();
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
  async requireRoom(targets: readonly WantedFile[]): Promise<void> {
    const missing: Missing[] = targets.map(({ path, part, plainBytes }) => {
      return { plainBytes, part: join(this.#work.path, part), place: join(this.path, path) };
    });
    await requireTargetRoom(this.path, missing);
  }

  /**
   * Fetches a file, what is wanted of it, and renames it into place once the SHA-256 of what can be read back is the
   * target's. What turns out to be damaged is fetched once more. `onBytes` is told of plaintext that is there; negative
   * where it is wanted again. Throws `digest_mismatch`, `storage_corrupt`, and what the source and the file system throw.
   */
  async write(target: WantedFile, source: FileSource, onBytes: (bytes: number) => void): Promise<void> {
    try {
      const folder = await this.#makeFolderOf(target.path);
      try {
        const part = await PartFile.open(this.#work.at(target.part), target.plainBytes);
        try {
          await complete(part, target, source, this.#access, onBytes);
          await part.place(folder.at(basename(target.path)));
        } finally {
          await part.close();
        }
        await syncFolderIfAble(folder.at('.'));
        await requireInPlace(folder);
      } finally {
        await folder.close();
      }
    } catch (error) {
      throw fileError(error, target.path);
    }
  }

  /**
   * Writes small files, and returns those that are in place: whose SHA-256 of what can be read back is the target's.
   * Throws as `write`.
   */
  async writeSmall<T extends { readonly target: WantedFile; readonly plaintext: Uint8Array }>(
    files: readonly T[],
  ): Promise<readonly T[]> {
    const folders = new Map<string, HeldFolder>();
    try {
      for (const { target } of files) {
        const name = dirname(target.path);
        if (!folders.has(name)) folders.set(name, await this.#makeFolderOf(target.path));
      }
      const whole = files.map(({ target: { path, part, sha256 }, plaintext }) => {
        const folder = folders.get(dirname(path)) as HeldFolder;
        return { path, aside: this.#work.at(part), folder: folder.at('.'), name: basename(path), plaintext, sha256 };
      });
      const { fileMode: mode, gid } = this.#access;
      const inPlace = await writeWhole(whole, { mode, gid });
      for (const folder of folders.values()) await requireInPlace(folder);
      return files.filter((_, i) => inPlace[i]);
    } finally {
      await closeAll([...folders.values()]);
    }
  }

  /**
   * Files in the folder and below it that are none of these, of another version for instance: the first 1,000. What this
   * user may not list is left out, and no link is followed.
   */
  async others(paths: readonly string[]): Promise<readonly string[]> {
    const known = new Set(paths);
    const found: string[] = [];
    const folders = [''];
    for (let i = 0; i < folders.length && found.length < MAX_OTHERS; i++) {
      const here = this.#work.target.at(folders[i] as string);
      for (const entry of await readdir(here, { withFileTypes: true }).catch(() => [])) {
        const path = join(folders[i] as string, entry.name);
        if (path === WORK_FOLDER || known.has(path)) continue;
        if (entry.isDirectory()) folders.push(path);
        else found.push(path);
      }
    }
    return found.slice(0, MAX_OTHERS).sort();
  }

  /** Removes what lies aside: of an earlier run, of another version. */
  async removeParts(): Promise<void> {
    await this.#work.clear();
  }

  /** Removes files of the folder, and all that lies aside. */
  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const folder = await this.#folderOf(path).catch(() => null);
      if (folder === null) continue;
      await withPath(join(this.path, path), () => rm(folder.at(basename(path)), { force: true }));
      await folder.close();
    }
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

  /**
   * Null where it is not there. Throws `not_permitted` where it is reached through a symbolic link, or is no folder.
   */
  async #folderOf(path: string): Promise<HeldFolder | null> {
    return this.#work.target.below(dirname(path));
  }

  /** Makes the folders of a path, none of them through a symbolic link: nothing is written outside the folder. */
  async #makeFolderOf(path: string): Promise<HeldFolder> {
    const made: HeldFolder[] = [];
    try {
      const folder = await this.#work.target.below(dirname(path), made);
      await openUp(made, this.#access);
      return folder as HeldFolder;
    } catch (error) {
      throw fileError(error, path);
    } finally {
      await closeAll(made);
    }
  }
}

/** Throws `not_permitted` where what was placed in the folder is not where it was to be. */
async function requireInPlace(folder: HeldFolder): Promise<void> {
  must(
    await folder.isInPlace(),
    'not_permitted',
    `${folder.path}: it was moved or replaced while files were fetched to it: let no other program or user write there`,
  );
}

/** Fetches until what can be read back is the target. */
async function complete(
  part: PartFile,
  { path, sha256 }: WantedFile,
  source: FileSource,
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
async function fill(part: PartFile, source: FileSource, onBytes: (bytes: number) => void): Promise<void> {
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

/** Gives folders that were just made what was asked for. */
async function openUp(made: readonly HeldFolder[], { folderMode: mode, gid }: TargetAccess): Promise<void> {
  for (const folder of made) await folder.giveAccess({ mode, gid });
}

async function closeAll(folders: readonly HeldFolder[]): Promise<void> {
  for (const folder of folders) await folder.close();
}
