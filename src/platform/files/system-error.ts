import { type Code, TwinlockError } from '../../core/errors.ts';

/** Our code for it; and what is wrong and what to do, after the name of a file or folder. */
type Meaning = readonly [code: Code, message: string];

const MAY_NOT: Meaning = ['not_permitted', 'this user may not use it (see its owner and its mode)'];
const READ_ONLY: Meaning = ['not_permitted', 'it lies on a read-only file system: mount it writable, or name another'];
const NOT_TAKEN: Meaning = ['not_permitted', 'its file system or device does not take this: name another place'];
const TOO_LARGE: Meaning = ['too_large', 'it is larger than can be read or stored here: name another file or disk'];
const TOO_LONG: Meaning = [
  'invalid_name',
  'its name is too long for the file system, or not in its encoding: shorten it',
];
const FAILED: Meaning = [
  'storage_failed',
  'the disk or file system failed: see the system’s log (dmesg), then try again',
];
const BUSY: Meaning = ['storage_failed', 'another program has it now: wait for that one or end it, then try again'];
const EXHAUSTED: Meaning = [
  'storage_failed',
  'the system has no room for another open file or for memory: end other programs or raise the limit (ulimit -n), then try again',
];
const FULL: Meaning = ['storage_full', 'the disk is full: make room, then run the same command again'];
const DAMAGED: Meaning = [
  'storage_corrupt',
  'the database is damaged: stop, keep the data folder as it is, and restore a copy of it',
];

/** By the names of errno(3), and of Node's own errors about files. */
const OF_SYSTEM: Readonly<Record<string, Meaning>> = {
  ENOENT: ['not_found', 'there is no such file or folder'],
  EEXIST: ['exists', 'it exists already, and is not overwritten: name another, or move that one away'],
  ENOTEMPTY: ['exists', 'the folder has something in it: remove that, or name another'],
  EACCES: MAY_NOT,
  EPERM: MAY_NOT,
  EROFS: READ_ONLY,
  ELOOP: ['not_permitted', 'it is a symbolic link, or has too many in its path: name the file itself'],
  ENOTDIR: ['not_permitted', 'it, or part of its path, is no folder: name another'],
  EISDIR: ['not_permitted', 'it is a folder: name a file'],
  EXDEV: ['not_permitted', 'it lies on another file system than its folder: name a place on one file system'],
  EMLINK: NOT_TAKEN,
  EINVAL: NOT_TAKEN,
  ENOSYS: NOT_TAKEN,
  ENOTSUP: NOT_TAKEN,
  EOPNOTSUPP: NOT_TAKEN,
  ESPIPE: NOT_TAKEN,
  ENAMETOOLONG: TOO_LONG,
  EILSEQ: TOO_LONG,
  EFBIG: TOO_LARGE,
  EOVERFLOW: TOO_LARGE,
  ERR_FS_FILE_TOO_LARGE: TOO_LARGE,
  ENOSPC: FULL,
  EDQUOT: ['storage_full', 'the quota is used up: make room, then run the same command again'],
  EPIPE: ['storage_failed', 'what reads it has closed it: let it read to the end, then run the same command again'],
  EBUSY: BUSY,
  ETXTBSY: BUSY,
  EAGAIN: BUSY,
  ENOLCK: BUSY,
  EDEADLK: BUSY,
  EMFILE: EXHAUSTED,
  ENFILE: EXHAUSTED,
  ENOMEM: EXHAUSTED,
  ENOBUFS: EXHAUSTED,
};

/** By the primary result code (sqlite.org/rescode.html); what comes after its name says more to developers only. */
const OF_SQLITE: readonly (readonly [name: RegExp, meaning: Meaning])[] = [
  [/^SQLITE_(?:CORRUPT|NOTADB|IOERR_CORRUPTFS|IOERR_DATA)/, DAMAGED],
  [/^SQLITE_FULL/, FULL],
  [/^SQLITE_IOERR_NOMEM|^SQLITE_NOMEM/, EXHAUSTED],
  [/^SQLITE_(?:IOERR|PROTOCOL|INTERRUPT|READONLY_DBMOVED)/, FAILED],
  [/^SQLITE_(?:BUSY|LOCKED)/, BUSY],
  [/^SQLITE_READONLY/, READ_ONLY],
  [/^SQLITE_(?:CANTOPEN|PERM|AUTH)/, MAY_NOT],
  [/^SQLITE_NOLFS/, TOO_LARGE],
];

/** Node names neither it nor what was looked for. */
const NO_WORKING_FOLDER =
  'the working folder, in which this was started, has been removed or cannot be reached: change to another (cd), then run the same command again';

/** The name of what the operating system or SQLite refused, `ENOSPC` for instance; null for every other error. */
export function systemName(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { code, syscall, info } = error as NodeJS.ErrnoException & { readonly info?: { readonly code?: unknown } };
  // For errors of the user database and the machine, Node gives the code one level deeper.
  if (code === 'ERR_SYSTEM_ERROR') return typeof info?.code === 'string' ? info.code : code;
  if (typeof code !== 'string') return null;
  return syscall !== undefined || Object.hasOwn(OF_SYSTEM, code) || sqliteMeaning(code) !== null ? code : null;
}

/**
 * What an error of the operating system or of SQLite means to the person who named `path`; an error of another kind as
 * it came. Every one that the system has is mapped: one without a row of its own is a disk that failed. Throws nothing.
 */
export function systemError(error: unknown, path: string = placeOf(error)): unknown {
  const name = error instanceof TwinlockError ? null : systemName(error);
  if (name === null) return error;
  if ((error as NodeJS.ErrnoException).syscall === 'uv_cwd') {
    return new TwinlockError('not_found', NO_WORKING_FOLDER, { cause: name }, { cause: error });
  }
  const [code, message] = OF_SYSTEM[name] ?? sqliteMeaning(name) ?? FAILED;
  const named = code === 'storage_failed' ? ` (${name})` : '';
  return new TwinlockError(code, `${path}: ${message}${named}`, { cause: name }, { cause: error });
}

/**
 * Runs `act`, which is about `path`: of an open file the system does not say which one it is. Throws as `systemError`.
 */
export function namingPath<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw systemError(error, path);
  }
}

function sqliteMeaning(name: string): Meaning | null {
  return OF_SQLITE.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** The system does not say which file a read or a write failed on: the caller names the file. */
function placeOf(error: unknown): string {
  const { path, syscall } = error as NodeJS.ErrnoException;
  return path ?? syscall ?? 'the file system';
}
