import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { exclusiveLock, OPEN_FILES } from '../../../client/files/exclusive-lock.ts';
import { NODE } from '../../world/daemon-process.ts';

/** Called after SQLite has found out where a file lies, and before it opens it. */
let whileOpening: () => void = () => undefined;

vi.mock('better-sqlite3', async (original) => {
  const { default: Sqlite } = await original<{ default: typeof Database }>();
  return {
    default: class extends Sqlite {
      constructor(file: string, options: object) {
        const place = realpathSync(file);
        whileOpening();
        super(place, options);
      }
    },
  };
});

// Which files a process has open is told by Linux alone.
describe.skipIf(!existsSync(OPEN_FILES))('a lock', () => {
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'twinlock-lock-')));
  });
  afterEach(() => {
    whileOpening = () => undefined;
    rmSync(folder, { recursive: true });
  });

  test('on a file that its holder has removed is none: the next process makes another file, and locks that', async () => {
    const file = join(folder, 'lock');
    const leaver = spawn(NODE, [join(import.meta.dirname, 'lock-leaver.ts'), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void leaver.kill('SIGKILL'));
    await once(leaver.stdout, 'data');
    expect(await exclusiveLock(file, 30_000)).toBe(null);
    const lock = await exclusiveLock(file, 0);
    expect(lock?.open).toBe(true);
    lock?.close();
  });

  test('on the file of a folder that another user has put in the place of this one is none', async () => {
    const [held, other] = [join(folder, 'held'), join(folder, 'other')];
    for (const path of [held, other]) mkdirSync(path);
    writeFileSync(join(other, 'lock'), '');
    const fd = openSync(held, 'r');
    onTestFinished(() => closeSync(fd));
    const file = `${OPEN_FILES}/${fd}/lock`;
    whileOpening = () => {
      renameSync(held, join(folder, 'aside'));
      renameSync(other, held);
    };
    expect(await exclusiveLock(file, 0)).toBe(null);
    whileOpening = () => undefined;
    const lock = await exclusiveLock(file, 0);
    expect(lock?.open).toBe(true);
    lock?.close();
  });
});
