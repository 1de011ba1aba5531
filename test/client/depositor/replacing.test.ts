import { copyFileSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, test, vi } from 'vitest';
import { abandonDeposit } from '../../../client/depositor/abandon.ts';
import { Unfinished } from '../../../client/depositor/unfinished.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { passOn } from '../../world/client.ts';
import { modelFolder, temporary } from '../../world/vault/model.ts';
import {
  atPut,
  atVault,
  databasePath,
  dying,
  FILES,
  folder,
  folders,
  isErased,
  LARGE,
  MIB,
  name,
  notes,
  puts,
  refusal,
  run,
  stateDir,
  vault,
} from './killed.ts';

describe('an unfinished deposit', () => {
  const conflict = (message: RegExp) =>
    expect.objectContaining({ code: 'upload_conflict', message: expect.stringMatching(message) });
  const elsewhere = async (files: Record<string, Uint8Array> = FILES) => {
    const other = modelFolder(files);
    folders.push(other);
    return other;
  };

  test('is not given up for another folder under its name, unless that is asked for; what is the same stays', async () => {
    await dying(atPut(2, 'before'));
    const other = await elsewhere();
    const refused = run(undefined, { folder: other });
    await expect(refused).rejects.toThrow(conflict(/was begun at .* of \/.*, not of \/.*: .* --replace .* --abandon/));
    expect(puts).toEqual([]);
    expect(await atVault()).toMatchObject([{ storedBytes: String(8 * MIB + 10) }]);
    const asked = { folder: other, replace: true };
    await expect(run(atPut(0, 'before'), asked)).rejects.toThrow(refusal('unavailable'));
    // It is of the other folder from now on.
    await run(undefined, { folder: other });
    expect(puts).toEqual(['2:8', '0:0']);
    isErased();
  });

  test('is not given up for other files of its folder, unless that is asked for', async () => {
    await dying(atPut(2, 'before'));
    writeFileSync(join(folder, 'one-more.txt'), 'x');
    await expect(run()).rejects.toThrow(
      conflict(/some have come or gone since, or --include or --exclude were others/),
    );
    expect(await atVault()).toMatchObject([{ storedBytes: String(8 * MIB + 10) }]);
    await run(undefined, { replace: true });
    expect(puts).toEqual(['1:0', '2:0', '2:8', '0:0']);
    expect(notes).toContainEqual(expect.stringMatching(/^begins anew .* had other files/));
    isErased();
  });

  test('of another machine with the same key is not given up unless that is asked for, and the other learns of it', async () => {
    await dying(atPut(2, 'before'));
    const [upload] = await atVault();
    const second = { stateDir: temporary() };
    folders.push(second.stateDir);
    await expect(run(undefined, second)).rejects.toThrow(
      conflict(/since .* has heard of it less than a minute ago: .*--replace/),
    );
    expect(await atVault()).toMatchObject([{ upload: upload?.upload, storedBytes: String(8 * MIB + 10) }]);
    // The first goes on, killed or not.
    await dying(atPut(0, 'before'));
    expect(puts).toEqual(['2:8']);
    await expect(run(atPut(2, 'before'), { ...second, replace: true })).rejects.toThrow(refusal('unavailable'));
    expect(notes).toContainEqual(expect.stringMatching(/^replaces .* begun at .* 8\.0 MiB .* min ago$/));
    await expect(run()).rejects.toThrow(conflict(/another machine/));
    await run(undefined, second);
    expect(puts).toEqual(['2:8', '0:0']);
  });

  test('is not given up by a copy of the machine, or by one whose state was cleared, unless that is asked for', async () => {
    await dying(atPut(2, 'before'));
    const [upload] = await atVault();
    const copy = { stateDir: temporary() };
    folders.push(copy.stateDir);
    copyFileSync(join(stateDir, 'opener.json'), join(copy.stateDir, 'opener.json'));
    await expect(run(undefined, copy)).rejects.toThrow(conflict(/this machine, or a copy of it, .* --replace/));
    expect(await atVault()).toMatchObject([{ upload: upload?.upload, storedBytes: String(8 * MIB + 10) }]);
    await run();
    expect(puts).toEqual(['2:8', '0:0']);
  });

  test('of a copy of the machine is not given up where this one’s state is damaged and the vault has its own no more', async () => {
    await dying(atPut(2, 'before'));
    writeFileSync(databasePath(), 'no database');
    const [upload] = await atVault();
    const { api } = vault.depositor;
    const elsewhere = { opener: '0b'.repeat(16), model: 'acme/ocr', version: name().version, files: ['1', '1'] };
    const second = await api.openUpload({ ...elsewhere, replaces: upload?.upload ?? '' });
    await expect(run()).rejects.toThrow(conflict(/another machine/));
    expect(await atVault()).toMatchObject([{ upload: second.upload }]);
  });

  test('that another replaces while it runs says so, and one that was given up says that it begins anew', async () => {
    const { api } = vault.depositor;
    const ends: ((upload: string) => Promise<unknown>)[] = [
      (upload) => {
        const elsewhere = { opener: '0b'.repeat(16), model: 'acme/ocr', version: name().version, files: ['1', '1'] };
        return api.openUpload({ ...elsewhere, replaces: upload });
      },
      (upload) => api.abandonUpload(upload),
    ];
    const told = [
      conflict(/^another deposit of acme\/ocr@v\d+ with this key, begun at .*, has replaced this one: .* --replace/),
      expect.objectContaining({
        code: 'upload_unknown',
        message: expect.stringMatching(/same command again to begin anew$/),
      }),
    ];
    for (const [i, end] of ends.entries()) {
      const running = run(undefined, { replace: true });
      const { meddle } = vault;
      let isEnded = false;
      vault.meddle = async (question, next) => {
        if (question.method === 'PUT' && !isEnded) {
          isEnded = true;
          const { uploads } = await api.uploads();
          await end(uploads.find((upload) => upload.version === name().version)?.upload ?? '');
        }
        return meddle(question, next);
      };
      await expect(running).rejects.toThrow(told[i]);
      expect(notes.join()).not.toMatch(/within an hour/);
    }
  });

  test('of which nothing could be kept here is none at the vault', async () => {
    vi.spyOn(Unfinished.prototype, 'begin').mockImplementation(() => {
      throw new TwinlockError('storage_full', 'the disk is full');
    });
    await expect(run()).rejects.toThrow(refusal('storage_full'));
    vi.restoreAllMocks();
    expect(await atVault()).toEqual([]);
  });

  test('that is interrupted says so, and how to go on or give it up', async () => {
    const interrupted = new AbortController();
    const onProgress = () => interrupted.abort();
    await expect(run(undefined, { signal: interrupted.signal, onProgress })).rejects.toThrow(
      expect.objectContaining({
        code: 'cancelled',
        message: expect.stringMatching(/^interrupted: .* same command again within an hour .* --abandon acme\/ocr@v/),
      }),
    );
    await run();
    expect(notes).toContainEqual(expect.stringMatching(/^goes on/));
  });
});

describe('an unfinished deposit that is forgotten', () => {
  test('is erased after a month, with the next deposit, where the vault has nothing of it; no clock alone erases it', async () => {
    await dying(atPut(2, 'before'));
    const age = (days: number) => {
      const then = Date.now() - days * 24 * 60 * 60_000;
      const database = new Sqlite(databasePath());
      database.prepare('UPDATE deposit SET began = ?').run(then);
      database.close();
      utimesSync(dirname(databasePath()), then / 1000, then / 1000);
    };
    const other = modelFolder({ 'a.txt': new Uint8Array(1) });
    folders.push(other);
    const next = (version: string) => run(undefined, { folder: other, version: `${name().version}-${version}` });
    const left = () => readdirSync(join(stateDir, 'deposits')).length;
    age(31);
    await next('1');
    expect(left()).toBe(1);
    await vault.depositor.api.abandonUpload((await atVault())[0]?.upload ?? '');
    age(31);
    await next('2');
    isErased();
  });

  test('stays where another key or another vault has it, or for a month', async () => {
    await dying(atPut(2, 'before'));
    const { vault, depositor } = name();
    for (const [days, by, left] of [
      [31, { vault, depositor: 'another' }, 1],
      [31, { vault: '0a'.repeat(32), depositor }, 1],
      [29, { vault, depositor }, 1],
      [31, { vault, depositor }, 0],
    ] as const) {
      const unfinished = await Unfinished.open(stateDir, { ...name(), version: 'another' });
      const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + days * 24 * 60 * 60_000);
      await unfinished.eraseForgotten(by, async () => []);
      clock.mockRestore();
      await unfinished.close();
      expect(readdirSync(join(stateDir, 'deposits'))).toHaveLength(left);
    }
  });
});

describe('a deposit whose process was killed', () => {
  test.each([
    ['is no database', () => Buffer.from('no database')],
    ['has a damaged page', (bytes: Buffer) => bytes.fill(0xff, bytes.length - 4096)],
    ['was cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 4096)],
  ])('whose state %s begins anew, and says so', async (_, damage) => {
    await dying(atPut(2, 'before'));
    const database = databasePath();
    writeFileSync(database, damage(readFileSync(database)));
    await run();
    expect(puts).toHaveLength(4);
    expect(notes).toContainEqual(expect.stringMatching(/^begins anew .* was damaged, and has been erased/));
    isErased();
  });

  test('whose state is damaged can be given up, and leaves no lock', async () => {
    await dying(atPut(2, 'before'));
    const database = databasePath();
    writeFileSync(database, readFileSync(database).fill(0xff, 4096));
    vault.meddle = passOn;
    const signIn = async () => vault.depositor;
    expect(await abandonDeposit(signIn, name(), stateDir)).toEqual({ atVault: true, onThisMachine: true });
    isErased();
  });

  test('whose state is found to be damaged on the way says what to do, and lets go of it', async () => {
    await dying(atPut(2, 'before'));
    const unfinished = await Unfinished.open(stateDir, name());
    vi.spyOn(Sqlite.prototype, 'prepare').mockImplementation(() => {
      throw new Sqlite.SqliteError('database disk image is malformed', 'SQLITE_CORRUPT');
    });
    expect(() => unfinished.file(LARGE)).toThrow(
      expect.objectContaining({
        code: 'storage_corrupt',
        message: expect.stringMatching(/run the same command again/),
      }),
    );
    await unfinished.close();
    vi.restoreAllMocks();
    await run();
    expect(notes).toContainEqual(expect.stringMatching(/^goes on/));
  });
});
