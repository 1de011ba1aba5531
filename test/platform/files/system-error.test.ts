import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { TwinlockError } from '../../../src/core/errors.ts';
import { systemError, systemName } from '../../../src/platform/files/system-error.ts';
import { inStore } from '../../../src/store/failure.ts';

/** As Node makes one: of a read or a write it names no file. */
function refused(code: string): Error {
  return Object.assign(new Error(`${code}: refused, write`), { code, errno: -1, syscall: 'write' });
}
function sqlite(code: string): Error {
  return Object.assign(new Error('refused'), { code });
}
const codeOf = (code: string) => ({ code: (systemError(refused(code), '/data/x') as TwinlockError).code });

const SQLITE = ['READONLY', 'READONLY_DIRECTORY', 'READONLY_DBMOVED', 'CANTOPEN', 'CANTOPEN_ISDIR', 'BUSY', 'LOCKED']
  .concat(['IOERR', 'IOERR_WRITE', 'IOERR_FSYNC', 'IOERR_READ', 'IOERR_NOMEM', 'FULL', 'PERM', 'AUTH', 'PROTOCOL'])
  .concat(['NOMEM', 'NOLFS'])
  .map((name) => `SQLITE_${name}`);

test.each(Object.keys(constants.errno))(
  'whatever the operating system refuses names the file and says whether to mend or to wait: %s',
  (name) => {
    const error = systemError(refused(name), '/data/x') as TwinlockError;
    expect(error).toBeInstanceOf(TwinlockError);
    expect(['mend', 'retry']).toContain(error.group);
    expect(error.message).toMatch(/^\/data\/x: .{20}/);
    expect(error.message).not.toContain('refused');
  },
);

test.each(SQLITE)('whatever SQLite refuses is told in the same way: %s', (name) => {
  const error = systemError(sqlite(name), '/data/vault.sqlite') as TwinlockError;
  expect(['mend', 'retry']).toContain(error.group);
  expect(error.message).toMatch(/^\/data\/vault\.sqlite: .{20}/);
});

test.each(['SQLITE_CORRUPT', 'SQLITE_CORRUPT_INDEX', 'SQLITE_NOTADB', 'SQLITE_IOERR_DATA'])(
  'a database that is damaged is an alert: %s',
  (name) => {
    expect(systemError(sqlite(name), 'x')).toMatchObject({ code: 'storage_corrupt', group: 'alert' });
  },
);

test('what a person mends differs from what they wait for', () => {
  const codes = ['ENOENT', 'EEXIST', 'EACCES', 'EROFS', 'ENAMETOOLONG', 'EFBIG', 'ENOSPC', 'EDQUOT', 'EIO', 'EMFILE'];
  expect(codes.map((code) => codeOf(code).code)).toEqual([
    ...['not_found', 'exists', 'not_permitted', 'not_permitted', 'invalid_name', 'too_large'],
    ...['storage_full', 'storage_full', 'storage_failed', 'storage_failed'],
  ]);
});

describe('what is no refusal of the system', () => {
  test.each([new Error('a fault'), new TypeError('a fault'), new RangeError('stack'), 'text', null, 3])(
    'passes as it is (%s)',
    (error) => {
      expect(systemError(error, 'x')).toBe(error);
      expect(systemName(error)).toBeNull();
    },
  );
  test('passes as it is where it has one of our codes already, or a code of another kind', () => {
    for (const error of [new TwinlockError('exists', 'm'), sqlite('SQLITE_CONSTRAINT'), sqlite('ERR_INVALID_STATE')]) {
      expect(systemError(error, 'x')).toBe(error);
    }
  });
});

test('the file is named by the system where the caller has not', () => {
  const open = () => readFileSync('/nonexistent/file');
  try {
    open();
  } catch (error) {
    expect(systemError(error)).toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/^\/nonexistent\/file: /),
    });
  }
  expect(systemError(refused('EIO'))).toMatchObject({ message: expect.stringMatching(/^write: .*\(EIO\)$/) });
});

test.each([...Object.keys(constants.errno), ...SQLITE])(
  'callers of the vault hear of its disk that it is full or failed, to be tried again, and no path: %s',
  (name) => {
    const error = name.startsWith('SQLITE') ? sqlite(name) : refused(name);
    const act = () =>
      inStore(() => {
        throw Object.assign(error, { path: '/var/lib/secret' });
      });
    expect(act).toThrow(expect.objectContaining({ group: 'retry' }));
    expect(act).not.toThrow('/var');
  },
);

test('a working folder that has been removed is told as that, with what to do, whatever was looked for', () => {
  const error = Object.assign(new Error('ENOENT: process.cwd failed'), { code: 'ENOENT', syscall: 'uv_cwd' });
  for (const said of [systemError(error), systemError(error, 'x')]) {
    expect(said).toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/^the working folder, .* has been removed .*: change to another \(cd\), then/),
    });
  }
});

test('a file that is too large to be read whole is told as one', () => {
  const error = Object.assign(new RangeError('File size (3 GiB)'), { code: 'ERR_FS_FILE_TOO_LARGE' });
  expect(systemError(error, 'x')).toMatchObject({ code: 'too_large' });
});
