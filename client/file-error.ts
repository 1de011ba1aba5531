import { TwinlockError } from '../src/core/errors.ts';

const CODES = {
  ENOENT: ['not_found', 'there is no such file or folder'],
  EEXIST: ['exists', 'it exists already: remove it, or name another'],
  EACCES: ['not_permitted', 'this user may not use it'],
  EPERM: ['not_permitted', 'this user may not use it'],
  ELOOP: ['not_permitted', 'it is a symbolic link'],
  ENOTDIR: ['not_permitted', 'it, or part of its path, is no folder'],
  EISDIR: ['not_permitted', 'it is a folder'],
  ENOSPC: ['storage_full', 'the disk is full: make room, then run the same command again'],
  EDQUOT: ['storage_full', 'the quota is used up: make room, then run the same command again'],
} as const;

/** What a failure of the file system means to a caller. */
export function fileError(error: unknown, path: string): TwinlockError {
  if (error instanceof TwinlockError) return error;
  const name = (error as { code?: unknown }).code;
  const known = typeof name === 'string' && Object.hasOwn(CODES, name) ? CODES[name as keyof typeof CODES] : null;
  const [code, message] = known ?? (['internal', (error as Error).message] as const);
  return new TwinlockError(code, `${path}: ${message}`, {}, { cause: error });
}
