import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromUtf8 } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import { MAX_STOP_BYTES, parseSignedStop, type SignedStop, signedStopBytes } from '../core/log/signed-stop.ts';
import type { RecordedStop } from '../core/state/state.ts';
import type { StopNames } from '../core/state/stop-text.ts';
import { type Problem, problemOf } from '../http/problem.ts';
import { readBounded } from '../platform/files/bounded.ts';
import { systemName } from '../platform/files/system-error.ts';
import { writeAside } from '../platform/files/write-aside.ts';

/** In the data folder: stops for the daemon that has it open (src/store/FORMAT.md). */
export const STOP_FOLDER = 'stops';

const STOP_FILE = /^[0-9a-f]{64}\.json$/;
/** Keeps one round short. It is no protection: a process that may write into the folder can do worse. */
const MAX_FILES_A_ROUND = 16;
const LOOK_EVERY_MS = 500;
/** The stops of a whole committee have less. */
const MAX_ANSWER_BYTES = 1 << 20;
const ANSWER_WITHIN_MS = 15_000;
const TRY_ALONE_EVERY_MS = 1_500;

/** The result of a stop: the answer, or the reason of a refusal. */
type Outcome = { readonly done: Told } | { readonly problem: Problem };

type ToldStop = Pick<RecordedStop, 'name' | 'person' | 'created' | 'time' | 'reason'>;

/** The text about a stop that was accepted. */
export interface Told {
  readonly index: number | null;
  readonly already: boolean;
  readonly earlier: ToldStop | null;
  readonly stopped: readonly ToldStop[] | null;
  readonly names: StopNames | null;
}

/**
 * Takes stops that lie in the folder, at most so many, and leaves an answer beside each. What it cannot read, it
 * answers too. Begins with the names that come after `last`, and returns the last that it took: so what it can neither
 * answer nor remove keeps none of the others waiting for ever. Its errors go to `onError`.
 */
async function takeStops(
  folder: string,
  take: (stop: SignedStop) => Promise<Told>,
  last: string,
  onError: (error: unknown) => void,
): Promise<string> {
  const names = (await readdir(folder)).filter((name) => STOP_FILE.test(name)).toSorted();
  const [later, earlier] = [names.filter((name) => name > last), names.filter((name) => name <= last)];
  const round = [...later, ...earlier].slice(0, MAX_FILES_A_ROUND);
  for (const name of round) {
    const path = join(folder, name);
    try {
      await writeAside(`${path}.answer`, Buffer.from(JSON.stringify(await outcomeOf(path, take))));
      await rm(path, { force: true, recursive: true });
    } catch (error) {
      onError(error);
    }
  }
  return round.at(-1) ?? last;
}

async function outcomeOf(path: string, take: (stop: SignedStop) => Promise<Told>): Promise<Outcome> {
  try {
    const signed = parseSignedStop(await readPlainFile(path, MAX_STOP_BYTES));
    const { index, already, earlier, stopped, names } = await take(signed);
    return { done: { index, already, earlier, stopped, names } };
  } catch (error) {
    return { problem: problemOf(error).problem };
  }
}

/** No link is followed, and no pipe is waited for. Throws `not_permitted` and `too_large`. */
async function readPlainFile(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    return (await readBounded(path, maxBytes, { flags: constants.O_NOFOLLOW })).bytes;
  } catch (error) {
    if (error instanceof TwinlockError) throw error;
    const message = `expected a file that its owner may read: ${systemName(error)}`;
    throw new TwinlockError('not_permitted', message, {}, { cause: error });
  }
}

/**
 * Puts a stop before the process that has the data folder, and waits for its answer. That process may be no daemon, or
 * end before it looks: so `recordAlone` is tried again and again, which returns null while the folder is in use. To be
 * called as that folder's owner. Throws the daemon's code, `not_permitted` as `makeFolder`, as `recordAlone`, and
 * `unavailable` where no answer comes; the stop then lies there, and is taken by the daemon once it looks.
 */
export async function handOverStop(
  dataDir: string,
  stop: SignedStop,
  recordAlone: () => Promise<Told | null>,
): Promise<Told> {
  const folder = join(dataDir, STOP_FOLDER);
  await makeFolder(dataDir, folder);
  // Named by chance: others may hand over the same stop at the same time, and each waits for an answer of their own.
  const path = join(folder, `${randomBytes(32).toString('hex')}.json`);
  await writeAside(path, signedStopBytes(stop));
  let nextTry = performance.now() + TRY_ALONE_EVERY_MS;
  for (const until = performance.now() + ANSWER_WITHIN_MS; performance.now() < until; await sleep(100)) {
    const answer = await readPlainFile(`${path}.answer`, MAX_ANSWER_BYTES).catch(() => null);
    if (answer !== null) {
      await rm(`${path}.answer`, { force: true });
      return toldBy(JSON.parse(fromUtf8(answer)) as Outcome);
    }
    if (performance.now() < nextTry) continue;
    const told = await recordAlone();
    if (told !== null) {
      await rm(path, { force: true });
      return told;
    }
    nextTry = performance.now() + TRY_ALONE_EVERY_MS;
  }
  throw new TwinlockError(
    'unavailable',
    `the twinlockd that has ${dataDir} open has not answered for ${ANSWER_WITHIN_MS / 1000} s: the stop lies in ${path} and is taken when it does, or when it is started anew, and the answer then lies beside it`,
  );
}

function toldBy(outcome: Outcome): Told {
  if ('done' in outcome) return outcome.done;
  const { code, message, detail } = outcome.problem;
  throw new TwinlockError(code, message, { ...detail });
}

/**
 * Makes the folder, for its owner alone. Throws `not_permitted` where something else is in its place: what a link there
 * points to is none of the vault's, and what another user owns is that user's to change.
 */
async function makeFolder(dataDir: string, folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const [found, { uid }] = [await lstat(folder), await stat(dataDir)];
  must(
    found.isDirectory() && found.uid === uid,
    'not_permitted',
    `expected ${folder} to be a folder of the user who owns ${dataDir}, and no link: remove it, and the vault makes it anew`,
  );
  if ((found.mode & 0o777) !== 0o700) await chmod(folder, 0o700);
}

/**
 * Looks into the folder, which it makes, again and again; returns how to end that, which waits for the round under way.
 * `onError` hears once of a folder that cannot be read and of files that cannot be answered and removed, and again
 * after a round went well.
 */
export function watchStopFolder(
  dataDir: string,
  take: (stop: SignedStop) => Promise<Told>,
  onError: (error: unknown) => void,
): () => Promise<void> {
  const ending = new AbortController();
  const folder = join(dataDir, STOP_FOLDER);
  let isTold = false;
  let last = '';
  const look = async () => {
    let isWell = true;
    const fail = (error: unknown) => {
      if (!isTold) onError(error);
      isTold = true;
      isWell = false;
    };
    try {
      await makeFolder(dataDir, folder);
      last = await takeStops(folder, take, last, fail);
    } catch (error) {
      fail(error);
    }
    if (isWell) isTold = false;
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
