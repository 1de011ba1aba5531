import { type BigIntStats, constants, existsSync, type Stats } from 'node:fs';
import { chmod, chown, type FileHandle, lstat, mkdir, open, readlink, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { must } from '../../src/core/errors.ts';
import { fileError, withPath } from '../../src/platform/files/error.ts';
import { systemName } from '../../src/platform/files/system-error.ts';
import { OPEN_FILES } from '../files/exclusive-lock.ts';

/** A flag of Linux, the same on every machine that Node runs on. It opens a folder without the right to list it. */
const O_PATH = 0o10000000;
/** The limit of Linux (path_resolution(7)). */
const MAX_LINKS = 40;
const STICKY = 0o1000;
const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const ROOT = 0;
const NAME_IT = 'name the folder that it leads to';

/**
 * A folder that is held open: what is done at `at(name)` is done in this folder, whatever its path leads to meanwhile.
 * Another user who may rename folders on that path cannot have this process write or remove anything elsewhere. Where the
 * system offers no such way (it is of Linux), a folder is taken only if no other user may change what its path leads to.
 */
export class HeldFolder {
  /** Its path for messages. No write uses it. */
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #isPinned: boolean;

  private constructor(path: string, handle: FileHandle, isPinned: boolean) {
    this.path = path;
    this.#handle = handle;
    this.#isPinned = isPinned;
  }

  /**
   * The folder that `path` leads to. With `made`, folders that are missing are made, and added to it: the caller closes
   * them. Throws `not_permitted` for a symbolic link on the way that another user may have put there, naming its folder,
   * that folder's owner and mode; and as the file system.
   */
  static async open(
    path: string,
    made: HeldFolder[] | null = null,
    isPinned: boolean = existsSync(OPEN_FILES),
  ): Promise<HeldFolder> {
    const root = () => HeldFolder.#enter('/', '/', isPinned);
    const names = namesOf(isAbsolute(path) ? path : `${process.cwd()}/${path}`);
    let here = await root();
    try {
      for (let links = 0; names.length > 0; ) {
        if (!isPinned) requireUnchangeable(here.path, await here.stat());
        const name = names.shift() as string;
        const next = await here.#next(name, made);
        if (next === null) {
          must(++links <= MAX_LINKS, 'not_permitted', `${path}: it leads through too many symbolic links`);
          const to = await here.#ownLink(name);
          names.unshift(...namesOf(to));
          if (!isAbsolute(to)) continue;
        }
        await here.close();
        here = next ?? (await root());
      }
      if (!isPinned) requireUnchangeable(here.path, await here.stat());
      return new HeldFolder(path, here.#handle, isPinned);
    } catch (error) {
      await here.close();
      // The last name on the way, where a folder was to be made.
      const isTaken = made !== null && names.length === 0 && systemName(error) === 'ENOTDIR';
      must(!isTaken, 'exists', `${path}: it exists already, and is no folder: remove it, or name another`);
      throw fileError(error, path);
    }
  }

  /** The path of a file in it, for the system. */
  at(name: string): string {
    // Not normalized: `N/.` is the folder, `N` a link to it.
    return `${this.#isPinned ? `${OPEN_FILES}/${this.#handle.fd}` : this.path}/${name}`;
  }

  /**
   * The folder at `path` below, through no symbolic link; this one itself for an empty path. Null where it is not there;
   * with `made`, it is made, as by `open`. Throws `not_permitted` for a link, and for what is no folder.
   */
  async below(path: string, made: HeldFolder[] | null = null): Promise<HeldFolder | null> {
    let here = await HeldFolder.#enter(this.at('.'), this.path, this.#isPinned);
    try {
      for (const name of namesOf(path)) {
        const next = await here.#next(name, made);
        const place = join(here.path, name);
        must(next !== null, 'not_permitted', `${place}: expected a folder, no symbolic link: remove it`);
        await here.close();
        here = next;
      }
      return here;
    } catch (error) {
      await here.close();
      if (systemName(error) === 'ENOENT') return null;
      throw error;
    }
  }

  async stat(): Promise<Stats> {
    return withPath(this.path, () => this.#handle.stat());
  }

  /** Whether its path leads here still. */
  async isInPlace(): Promise<boolean> {
    const [here, there] = [await this.stat(), await stat(this.path).catch(() => null)];
    return there !== null && there.dev === here.dev && there.ino === here.ino;
  }

  /** Nulls leave what there is. */
  async giveAccess({ mode, gid }: { readonly mode: number | null; readonly gid: number | null }): Promise<void> {
    await withPath(this.path, async () => {
      if (gid !== null) await chown(this.at('.'), -1, gid);
      if (mode !== null) await chmod(this.at('.'), mode);
    });
  }

  /** Throws nothing: nothing is written by the handle itself. */
  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }

  static async #enter(place: string, path: string, isPinned: boolean): Promise<HeldFolder> {
    const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
    const handle = await open(place, O_DIRECTORY | O_NOFOLLOW | (isPinned ? O_PATH : O_RDONLY));
    return new HeldFolder(path, handle, isPinned);
  }

  /** Null for a symbolic link. */
  async #next(name: string, made: HeldFolder[] | null): Promise<HeldFolder | null> {
    const enter = () => HeldFolder.#enter(this.at(name), join(this.path, name), this.#isPinned);
    try {
      return await enter();
    } catch (error) {
      const code = systemName(error);
      if (code === 'ENOENT' && made !== null) return this.#make(name, made);
      const isLink = (code === 'ENOTDIR' || code === 'ELOOP') && (await lstat(this.at(name))).isSymbolicLink();
      if (!isLink) throw error;
      return null;
    }
  }

  /** The target of a symbolic link. Throws `not_permitted` for a link that another user may have put there. */
  async #ownLink(name: string): Promise<string> {
    const here = await this.stat();
    requireUnchangeable(this.path, here, name);
    const before = await lstat(this.at(name), { bigint: true });
    const to = await readlink(this.at(name));
    // A member of the folder's group may lay another meanwhile.
    const after = await lstat(this.at(name), { bigint: true });
    const isSame = before.ino === after.ino && before.ctimeNs === after.ctimeNs;
    // In a folder of a group, and in a sticky one, others add links.
    const isTrusted = (here.mode & (GROUP_WRITES | OTHERS_WRITE)) === 0 || (isSame && isOwn(before));
    const place = join(this.path, name);
    must(isTrusted, 'not_permitted', `${place}: a symbolic link of another user is not followed: ${NAME_IT}`);
    return to;
  }

  async #make(name: string, made: HeldFolder[]): Promise<HeldFolder | null> {
    // For this user alone until it is given to others: no other user may read the names of the files in it.
    const isMade = await mkdir(this.at(name), { mode: 0o700 }).then(() => true, ignoreExisting);
    if (isMade) made.push(await HeldFolder.#enter(this.at(name), join(this.path, name), this.#isPinned));
    return this.#next(name, null);
  }
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function ignoreExisting(error: unknown): false {
  if (systemName(error) !== 'EEXIST') throw error;
  return false;
}

/** Root may change everything anyway. */
function isOwn({ uid }: Pick<Stats | BigIntStats, 'uid'>): boolean {
  return Number(uid) === ROOT || Number(uid) === process.geteuid?.();
}

/**
 * Throws `not_permitted` where another user than this one and root may change what is in the folder. A group that this
 * process is of counts as its own: volumes of Kubernetes are shared so (fsGroup), and folders of users who each have a
 * group of their own. A link in such a folder has to be this user's besides.
 */
function requireUnchangeable(path: string, folder: Stats, link: string | null = null): void {
  const { uid, gid, mode } = folder;
  const groups = [process.getegid?.(), ...(process.getgroups?.() ?? [])];
  const isShared = (mode & OTHERS_WRITE) !== 0 || ((mode & GROUP_WRITES) !== 0 && !groups.includes(gid));
  const isChangeable = !isOwn(folder) || (isShared && (mode & STICKY) === 0);
  const octal = (mode & 0o7777).toString(8).padStart(4, '0');
  const next =
    link === null
      ? 'name a folder that only this user and root may change'
      : `the symbolic link ${join(path, link)} is not followed: ${NAME_IT}`;
  must(
    !isChangeable,
    'not_permitted',
    `another user may change what is in ${path} (owner ${uid}, group ${gid}, mode ${octal}): ${next}`,
    { uid, gid, mode },
  );
}
