import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { must, TwinlockError } from '../core/errors.ts';
import { parseEntry } from '../core/log/entry.ts';
import { objectsNamed } from '../core/state/apply.ts';
import { stateDigest } from '../core/state/snapshot.ts';
import type { State } from '../core/state/state.ts';
import type { LogStore } from '../vault/ports.ts';
import { requireStored } from '../vault/stored-tiles.ts';
import type { Answer, Question } from './question.ts';

const PAGE_ENTRIES = 256;

type Log = Pick<LogStore, 'entries' | 'objects' | 'tile'>;

/**
 * Verifies the entries that `state` is of, from entry 0, on a thread of its own: every rule, signature, appraisal and
 * stored tile, and that they lead to `state`. Other work goes on between the pages. Throws the first fault with
 * `detail.entry` where it is of one, `storage_corrupt` where the log leads to another state, and the engine's own error,
 * which is no verdict. Ends early, without a verdict, once `signal` is aborted: returns false then.
 */
export async function recheck(log: Log, state: State, signal: AbortSignal): Promise<boolean> {
  const { size } = state.chain.frontier;
  const expected = stateDigest(state);
  const worker = new Worker(new URL(`./worker${extname(import.meta.filename)}`, import.meta.url));
  try {
    for (let from = 0; from < size; from += PAGE_ENTRIES) {
      if (signal.aborted) return false;
      const said = await ask(worker, await pageOf(log, from, Math.min(PAGE_ENTRIES, size - from)));
      must(said.kind === 'tiles', 'internal', 'expected the tiles of a page');
      await requireStored(log, said.tiles);
    }
    const said = await ask(worker, { kind: 'state' });
    const isSame = said.kind === 'state' && said.digest === expected;
    must(isSame, 'storage_corrupt', `the first ${size} entries lead to another state than the snapshot’s`);
    return true;
  } finally {
    await worker.terminate();
  }
}

async function pageOf(log: Log, from: number, count: number): Promise<Question> {
  const rows = await log.entries(from, count);
  const isWhole = rows.length === count && rows.every(({ index }, i) => index === from + i);
  must(isWhole, 'storage_corrupt', `the store lacks entries from ${from} on`, { entry: from + rows.length });
  const entries = rows.map(({ bytes }) => bytes);
  // What cannot be parsed names nothing: the thread that verifies finds the fault.
  const objects = await log.objects(entries.flatMap(namedBy));
  return { kind: 'page', entries, objects };
}

function namedBy(bytes: Uint8Array) {
  try {
    return objectsNamed(parseEntry(bytes));
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    return [];
  }
}

/** Throws the fault that the thread has found, and what ended it. */
async function ask(worker: Worker, question: Question): Promise<Answer> {
  worker.postMessage(question);
  // Throws what the worker throws. One that ends without an answer has been terminated, or has no memory left.
  const [said] = (await once(worker, 'message')) as [Answer];
  if (said.kind === 'fault') throw new TwinlockError(said.code, said.message, said.detail);
  return said;
}
