import { constants } from 'node:fs';
import { chown, type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { must, TwinlockError } from './core/errors.ts';
import { MAX_STOP_BYTES, parseSignedStop, type SignedStop, signedStopBytes } from './core/log/signed-stop.ts';
import type { RecordedStop } from './core/state/state.ts';
import type { StopNames } from './core/state/stop-text.ts';
import { statementDigest } from './core/statement/statement.ts';
import { type Problem, problemOf } from './http/problem.ts';

/** In the data folder: stops for the daemon that has it open (src/store/FORMAT.md). */
export const STOP_FOLDER = 'stops';

const STOP_FILE = /^[0-9a-f]{64}\.json$/;
/** Keeps one round short. It is no protection: a process that may write into the folder can do worse. */
const MAX_FILES_A_ROUND = 16;
const LOOK_EVERY_MS = 500;
const ANSWER_WITHIN_MS = 15_000;

/** What a stop came to: the answer, or why it was refused. */
type Outcome = { readonly done: Told } | { readonly problem: Problem };

/** What is told of a stop that was taken. */
export interface Told {
  readonly index: number | null;
  readonly already: boolean;
  readonly stopped: readonly Pick<RecordedStop, 'name' | 'person' | 'time' | 'reason'>[] | null;
  readonly names: StopNames | null;
}

/** Takes the stops that lie in the folder, and leaves an answer beside each. What it cannot read, it answers too. */
async function takeStops(folder: string, take: (stop: SignedStop) => Promise<Told>): Promise<void> {
  const names = (await readdir(folder)).filter((name) => STOP_FILE.test(name));
  for (const name of names.slice(0, MAX_FILES_A_ROUND)) {
    const outcome = await outcomeOf(join(folder, name), take);
    await writeAside(join(folder, `${name}.answer`), Buffer.from(JSON.stringify(outcome)));
    await rm(join(folder, name), { force: true, recursive: true });
  }
}

async function outcomeOf(path: string, take: (stop: SignedStop) => Promise<Told>): Promise<Outcome> {
  try {
    const { index, already, stopped, names } = await take(parseSignedStop(await readStop(path)));
    return { done: { index, already, stopped, names } };
  } catch (error) {
    return { problem: problemOf(error).problem };
  }
}

/** No link is followed, and no pipe is waited for. */
async function readStop(path: string): Promise<Uint8Array> {
  const file: FileHandle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    must((await file.stat()).isFile(), 'not_permitted', 'expected a file');
    const { buffer, bytesRead } = await file.read(new Uint8Array(MAX_STOP_BYTES + 1), 0, MAX_STOP_BYTES + 1, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * Puts a stop before the daemon that has the data folder, and waits for its answer. Throws the daemon's code, and
 * `unavailable` where it does not answer; the stop then lies there, and is taken when it does or starts anew.
 */
export async function handOverStop(dataDir: string, stop: SignedStop): Promise<Told> {
  const folder = join(dataDir, STOP_FOLDER);
  const owner = await stat(dataDir);
  await makeFolder(folder, owner);
  const path = join(folder, `${statementDigest(stop.statement)}.json`);
  await rm(`${path}.answer`, { force: true });
  await writeAside(path, signedStopBytes(stop), owner);
  for (const until = performance.now() + ANSWER_WITHIN_MS; performance.now() < until; await sleep(100)) {
    const answer = await readFile(`${path}.answer`, 'utf8').catch(() => null);
    if (answer === null) continue;
    await rm(`${path}.answer`, { force: true });
    const outcome = JSON.parse(answer) as Outcome;
    if ('done' in outcome) return outcome.done;
    const { code, message, detail } = outcome.problem;
    throw new TwinlockError(code, message, { ...detail });
  }
  throw new TwinlockError(
    'unavailable',
    `the twinlockd that has ${dataDir} open has not answered for ${ANSWER_WITHIN_MS / 1000} s: the stop lies in ${path} and is taken when it does, or when it is started anew`,
  );
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Root makes it the daemon's, who could not read it otherwise. */
async function makeFolder(folder: string, owner: Owner): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await giveTo(folder, owner);
}

/** Whole or not at all, and on disk. */
async function writeAside(path: string, bytes: Uint8Array, owner: Owner | null = null): Promise<void> {
  await writeFile(`${path}.aside`, bytes, { mode: 0o600, flush: true });
  if (owner !== null) await giveTo(`${path}.aside`, owner);
  await rename(`${path}.aside`, path);
}

/** Only root can, and only root needs to: no other user may write into another user's folder. */
async function giveTo(path: string, { uid, gid }: Owner): Promise<void> {
  if (process.getuid?.() === 0) await chown(path, uid, gid);
}

/**
 * Looks into the folder, which it makes, again and again; returns how to end that, which waits for the round under way.
 * `onError` hears of a folder that cannot be read once, and again after it could be.
 */
export function watchStopFolder(
  dataDir: string,
  take: (stop: SignedStop) => Promise<Told>,
  onError: (error: unknown) => void,
): () => Promise<void> {
  const ending = new AbortController();
  const folder = join(dataDir, STOP_FOLDER);
  let isTold = false;
  const look = async () => {
    try {
      await makeFolder(folder, await stat(dataDir));
      await takeStops(folder, take);
      isTold = false;
    } catch (error) {
      if (!isTold) onError(error);
      isTold = true;
    }
  };
  const watching = (async () => {
    while (!ending.signal.aborted) {
      await look();
      await sleep(LOOK_EVERY_MS, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  })();
  return () => {
    ending.abort();
    return watching;
  };
}
