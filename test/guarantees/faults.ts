import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

/** A call of the file system on something in the folder that is watched. */
export interface FileCall {
  /** As Node names it; of an open file `handle.read`, for instance. */
  readonly name: string;
  readonly path: string;
  /** Whether it would have written to the disk. */
  readonly isWrite: boolean;
}

/** The errno that a call gets in place of being made; null makes it. `index` counts from 0. */
export type Refusal = (call: FileCall, index: number) => string | null;

const BY_PATH = ['access', 'chmod', 'chown', 'lstat', 'mkdir', 'open', 'opendir', 'readFile', 'readdir', 'realpath']
  .concat(['rename', 'rm', 'stat', 'statfs', 'unlink', 'writeFile', 'rmdir', 'truncate', 'link'])
  .sort();
const OF_HANDLE = ['chmod', 'chown', 'close', 'datasync', 'read', 'readFile', 'stat', 'sync', 'truncate', 'utimes']
  .concat(['write', 'writeFile', 'writev'])
  .sort();
const OF_DESCRIPTOR = ['closeSync', 'fchmodSync', 'fchownSync', 'fstatSync', 'fsyncSync', 'readSync', 'writeSync'];
const WRITES =
  /^(?:handle\.)?(?:f?ch(?:mod|own)|datasync|mkdir|rename|sync|truncate|unlink|utimes|write|writeFile|writev|link|fsync)(?:Sync)?$/;

type Callable = (...args: unknown[]) => unknown;
type Table = Record<string, Callable>;

/**
 * Runs `act` while calls on files in `folder` are refused as `refusal` says, whichever module of this process makes them,
 * and returns which calls there were. What SQLite does is not seen. A file that is refused its closing is closed.
 */
export async function withFaults<T>(
  folder: string,
  refusal: Refusal,
  act: () => Promise<T>,
): Promise<{ readonly result: T; readonly calls: readonly FileCall[] }> {
  const calls: FileCall[] = [];
  const fails = (call: FileCall): Error | null => {
    const code = refusal(call, calls.push(call) - 1);
    return code === null ? null : errorOf(code, call);
  };
  const undo = [watchPromises(folder, fails), watchSync(folder, fails)];
  syncBuiltinESMExports();
  try {
    return { result: await act(), calls };
  } finally {
    for (const restore of undo) restore();
    syncBuiltinESMExports();
  }
}

/** As Node makes it: of an open file without its path. */
function errorOf(code: string, { name, path }: FileCall): Error {
  const syscall = name.replace(/^handle\.|Sync$/g, '');
  const isNamed = !name.startsWith('handle.') && !OF_DESCRIPTOR.includes(name);
  const message = `${code}: refused by a test, ${syscall}${isNamed ? ` '${path}'` : ''}`;
  return Object.assign(new Error(message), { code, errno: -1, syscall, ...(isNamed ? { path } : {}) });
}

function watchPromises(folder: string, fails: (call: FileCall) => Error | null): () => void {
  return replaced(fsPromises as unknown as Table, BY_PATH, (name, real) => async (...args) => {
    const path = pathIn(folder, args);
    if (path === null) return real(...args);
    const error = fails({ name, path, isWrite: WRITES.test(name) || (name === 'open' && isForWriting(args[1])) });
    if (error !== null) throw error;
    const made = await real(...args);
    if (name === 'open') watchHandle(made as Table, path, fails);
    return made;
  });
}

function watchHandle(handle: Table, path: string, fails: (call: FileCall) => Error | null): void {
  for (const method of OF_HANDLE) {
    const real = (handle[method] as Callable).bind(handle);
    const watched = async (...args: unknown[]) => {
      const error = fails({ name: `handle.${method}`, path, isWrite: WRITES.test(method) });
      if (error === null) return real(...args);
      if (method === 'close') await real();
      throw error;
    };
    Object.defineProperty(handle, method, { value: watched, configurable: true });
  }
}

function watchSync(folder: string, fails: (call: FileCall) => Error | null): () => void {
  const open = new Map<unknown, string>();
  const names = BY_PATH.map((name) => `${name}Sync`).filter((name) => name in fs);
  return replaced(fs as unknown as Table, [...names, ...OF_DESCRIPTOR], (name, real) => (...args) => {
    const path = typeof args[0] === 'number' ? (open.get(args[0]) ?? null) : pathIn(folder, args);
    if (path === null) return real(...args);
    const error = fails({ name, path, isWrite: WRITES.test(name) || (name === 'openSync' && isForWriting(args[1])) });
    if (name === 'closeSync') open.delete(args[0]);
    if (error !== null) {
      if (name === 'closeSync') real(...args);
      throw error;
    }
    const made = real(...args);
    if (name === 'openSync') open.set(made, path);
    return made;
  });
}

/** Returns how to put everything back. */
function replaced(
  table: Table,
  names: readonly string[],
  watched: (name: string, real: Callable) => Callable,
): () => void {
  const before = names.map((name) => [name, table[name] as Callable] as const);
  for (const [name, real] of before) table[name] = watched(name, real);
  return () => {
    for (const [name, real] of before) table[name] = real;
  };
}

function pathIn(folder: string, args: readonly unknown[]): string | null {
  const paths = args.slice(0, 2).filter((arg) => typeof arg === 'string');
  return paths.map(named).find((path) => path.startsWith(folder)) ?? null;
}

/** A file that is named by a folder that this process has open, by the folder’s own path. */
function named(path: string): string {
  const [, open, rest] = /^(\/proc\/self\/fd\/\d+)(\/.*)?$/.exec(path) ?? [];
  if (open === undefined || !fs.existsSync(open)) return path;
  return join(fs.readlinkSync(open), rest ?? '');
}

function isForWriting(flags: unknown): boolean {
  const { O_CREAT, O_RDWR, O_WRONLY } = fs.constants;
  return typeof flags === 'number' ? (flags & (O_CREAT | O_RDWR | O_WRONLY)) !== 0 : /[wa+]/.test(String(flags ?? 'r'));
}

/** A disk that takes nothing more: `ENOSPC`, `EROFS`, `EIO`. */
export function takesNothing(code: string): Refusal {
  return ({ isWrite }) => (isWrite ? code : null);
}
