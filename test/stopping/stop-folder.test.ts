import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type SignedStop, signedStopBytes } from '../../src/core/log/signed-stop.ts';
import { handOverStop, STOP_FOLDER, type Told, watchStopFolder } from '../../src/stopping/stop-folder.ts';
import { founded } from '../core/state/stages.ts';

/** src/stopping/stop-folder.ts */
const MAX_FILES_A_ROUND = 16;

let dataDir: string;
let folder: string;
let taken: SignedStop[];
let errors: unknown[];
let end: (() => Promise<void>) | null;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'twinlock-folder-'));
  folder = join(dataDir, STOP_FOLDER);
  [taken, errors, end] = [[], [], null];
});
afterEach(async () => {
  await end?.();
  rmSync(dataDir, { recursive: true });
});

/** What the daemon does, but for the recording. */
function watch(onTaken: () => void = () => undefined): void {
  const take = async (stop: SignedStop) => {
    taken.push(stop);
    onTaken();
    return { index: taken.length, already: false, earlier: null, stopped: null, names: null };
  };
  end = watchStopFolder(dataDir, take, (error) => errors.push(error));
}

async function signed(reason = 'a drill'): Promise<SignedStop> {
  const { world, ana } = await founded();
  const statement = world.stop('all', '00'.repeat(32), ana, { reason });
  const { body } = await world.draftStop(statement);
  return { statement, signature: body.signature };
}

/** What records a stop without the daemon finds that it has the folder. */
const inUse = async () => null;
const namesOfStops = () => readdirSync(folder).filter((name) => /^[0-9a-f]{64}\.json$/.test(name));

const pathOf = (i: number) => join(folder, `${i.toString(16).padStart(64, '0')}.json`);
const outcome = (i: number) => JSON.parse(readFileSync(`${pathOf(i)}.answer`, 'utf8')) as Record<string, unknown>;
const answered = (i: number) => vi.waitFor(() => expect(existsSync(`${pathOf(i)}.answer`)).toBe(true), 10_000);

describe('a daemon that looks through the stop folder', () => {
  test('follows no link, waits for no pipe, and answers everything', async () => {
    const elsewhere = join(dataDir, 'a-true-stop.json');
    writeFileSync(elsewhere, signedStopBytes(await signed()));
    mkdirSync(folder);
    execFileSync('mkfifo', [pathOf(1)]);
    symlinkSync(elsewhere, pathOf(2));
    mkdirSync(join(pathOf(3), 'in', 'it'), { recursive: true });
    writeFileSync(pathOf(4), new Uint8Array(1 << 20));
    writeFileSync(pathOf(5), signedStopBytes(await signed('the last')));
    watch();
    await answered(5);
    const refused = (code: string) => ({ problem: { code } });
    expect([outcome(1), outcome(2), outcome(3), outcome(4), outcome(5)]).toMatchObject([
      refused('not_permitted'),
      refused('not_permitted'),
      refused('not_permitted'),
      refused('too_large'),
      { done: { index: 1 } },
    ]);
    expect(taken.map(({ statement }) => statement.reason)).toEqual(['the last']);
    await vi.waitFor(() => expect(readdirSync(folder).filter((name) => name.endsWith('.json'))).toEqual([]));
    expect(errors).toEqual([]);
  });

  test('writes through no link that lies where it writes its answer', async () => {
    const secret = join(dataDir, 'log.key');
    writeFileSync(secret, 'the seed');
    mkdirSync(folder);
    for (const name of ['.answer', '.answer.aside']) symlinkSync(secret, `${pathOf(1)}${name}`);
    writeFileSync(pathOf(1), signedStopBytes(await signed()));
    watch();
    await vi.waitFor(() => expect(existsSync(pathOf(1))).toBe(false), 10_000);
    expect(readFileSync(secret, 'utf8')).toBe('the seed');
    expect(outcome(1)).toMatchObject({ done: { index: 1 } });
  });

  test('takes the stops that come after those that it can neither answer nor remove, and tells of these once', async () => {
    mkdirSync(folder);
    const stuck = Array.from({ length: MAX_FILES_A_ROUND + 4 }, (_, i) => i + 1);
    for (const i of stuck) {
      writeFileSync(pathOf(i), '{}');
      mkdirSync(join(`${pathOf(i)}.answer`, 'in the way'), { recursive: true });
    }
    writeFileSync(pathOf(99), signedStopBytes(await signed()));
    watch();
    await answered(99);
    expect(taken).toHaveLength(1);
    expect(existsSync(pathOf(99))).toBe(false);
    expect(errors).toHaveLength(1);
    for (const i of stuck) rmSync(`${pathOf(i)}.answer`, { recursive: true });
    // Then they are answered as well, and a new fault is told anew.
    await answered(stuck.length);
    await vi.waitFor(() => expect(readdirSync(folder).filter((name) => name.endsWith('.json'))).toEqual([]), 10_000);
    writeFileSync(pathOf(98), '{}');
    await vi.waitFor(() => expect(existsSync(`${pathOf(98)}.answer`) && !existsSync(pathOf(98))).toBe(true), 10_000);
    mkdirSync(join(`${pathOf(100)}.answer`, 'in the way'), { recursive: true });
    writeFileSync(pathOf(100), '{}');
    await vi.waitFor(() => expect(errors).toHaveLength(2), 10_000);
  });

  test('ends after a round, which is of few files', async () => {
    mkdirSync(folder);
    const bytes = signedStopBytes(await signed());
    for (let i = 1; i <= MAX_FILES_A_ROUND + 4; i++) writeFileSync(pathOf(i), bytes);
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    watch(resolve);
    await begun;
    await end?.();
    expect(taken).toHaveLength(MAX_FILES_A_ROUND);
  });
});

describe('the stop folder is refused, by the daemon and by twinlockd stop,', () => {
  const refused = expect.objectContaining({ code: 'not_permitted', message: expect.stringMatching(/remove it/) });

  test('where it is a link to a folder, which stays as it is', async () => {
    const elsewhere = join(dataDir, 'elsewhere');
    mkdirSync(elsewhere, { mode: 0o755 });
    writeFileSync(join(elsewhere, `${'0'.repeat(64)}.json`), '{}');
    symlinkSync(elsewhere, folder);
    watch();
    await vi.waitFor(() => expect(errors).toEqual([refused]), 10_000);
    await expect(handOverStop(dataDir, await signed(), inUse)).rejects.toThrow(refused);
    expect(readdirSync(elsewhere)).toEqual([`${'0'.repeat(64)}.json`]);
    expect(statSync(elsewhere).mode & 0o777).toBe(0o755);
  });

  test.skipIf(process.getuid?.() !== 0)('where another user owns it (needs root)', async () => {
    mkdirSync(folder);
    chownSync(folder, 65_534, 65_534);
    await expect(handOverStop(dataDir, await signed(), inUse)).rejects.toThrow(refused);
    expect(readdirSync(folder)).toEqual([]);
  });
});

test('the stop folder is its owner’s alone, also where it was there already', async () => {
  mkdirSync(folder, { mode: 0o755 });
  watch();
  await vi.waitFor(() => expect(statSync(folder).mode & 0o777).toBe(0o700), 10_000);
});

test('a stop is handed over under a name of its own, and no answer is read through a link', async () => {
  const [stop, victim] = [await signed(), join(dataDir, 'log.key')];
  const told = (index: number) => ({ index, already: false, earlier: null, stopped: null, names: null });
  writeFileSync(victim, JSON.stringify({ done: told(666) }));
  mkdirSync(folder);
  const before = readFileSync(victim, 'utf8');
  const answer = handOverStop(dataDir, stop, inUse);
  await vi.waitFor(() => expect(namesOfStops()).toHaveLength(1), 5_000);
  const path = join(folder, namesOfStops()[0] ?? '');
  expect(readFileSync(path)).toEqual(Buffer.from(signedStopBytes(stop)));
  symlinkSync(victim, `${path}.answer`);
  await new Promise((resolve) => setTimeout(resolve, 300));
  rmSync(`${path}.answer`);
  writeFileSync(`${path}.answer`, JSON.stringify({ done: told(7) }));
  expect(await answer).toMatchObject({ index: 7 });
  expect(readFileSync(victim, 'utf8')).toBe(before);
});

test('of several who hand over the same stop at once, each is answered', async () => {
  const stop = await signed();
  const answers = Promise.all([1, 2, 3].map(() => handOverStop(dataDir, stop, inUse)));
  await vi.waitFor(() => expect(namesOfStops()).toHaveLength(3), 5_000);
  watch();
  expect((await answers).map(({ index }) => index).toSorted()).toEqual([1, 2, 3]);
  await vi.waitFor(() => expect(readdirSync(folder)).toEqual([]), 5_000);
});

test('a stop is recorded by the process that brings it once the one that had the data folder has ended without an answer', async () => {
  const told = { index: 3, already: false, earlier: null, stopped: null, names: null };
  const tries = vi.fn<() => Promise<Told | null>>().mockResolvedValueOnce(null).mockResolvedValueOnce(told);
  expect(await handOverStop(dataDir, await signed(), tries)).toEqual(told);
  expect(readdirSync(folder)).toEqual([]);
});
