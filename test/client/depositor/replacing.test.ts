import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, test, vi } from 'vitest';
import { abandonDeposit } from '../../../client/depositor/abandon.ts';
import { Unfinished } from '../../../client/depositor/unfinished.ts';
import { modelFolder, temporary } from '../story.ts';
import { sessionOf } from '../vault.ts';
import {
  atPut,
  atVault,
  databasePath,
  dying,
  FILES,
  folder,
  folders,
  founded,
  isErased,
  LARGE,
  MIB,
  name,
  notes,
  puts,
  refusal,
  run,
  stateDir,
} from './killed.ts';

describe('an unfinished deposit', () => {
  const conflict = (message: RegExp) =>
    expect.objectContaining({ code: 'upload_conflict', message: expect.stringMatching(message) });
  const elsewhere = async (files: Record<string, Uint8Array> = FILES) => {
    const other = await modelFolder(files);
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
    founded.vault.meddle = (_, next) => next();
    const signIn = () => sessionOf(founded, 'depositor');
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
