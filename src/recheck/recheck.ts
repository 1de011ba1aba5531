import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Hex } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import { encodedPieces } from '../core/state/snapshot.ts';
import type { State } from '../core/state/state.ts';
import { inTurns } from '../platform/turns.ts';
import { readPage } from '../vault/log-page.ts';
import type { LogStore } from '../vault/ports.ts';
import { requireStored } from '../vault/stored-tiles.ts';
import type { RecheckAnswer, RecheckQuestion } from './question.ts';

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
  const expected = await digestInTurns(state);
  const worker = new Worker(new URL(`./worker${extname(import.meta.filename)}`, import.meta.url));
  try {
    let from = 0;
    while (from < size) {
      signal.throwIfAborted();
      const page = await readPage(log, from, Math.min(PAGE_ENTRIES, size - from));
      const { length } = page.entries;
      must(length > 0, 'storage_corrupt', `the store lacks entries from ${from} on`, { entry: from });
      const said = await ask(worker, { kind: 'page', ...page }, signal);
      must(said.kind === 'tiles', 'internal', 'expected the tiles of a page');
      await requireStored(log, said.tiles);
      from += length;
    }
    const said = await ask(worker, { kind: 'state' }, signal);
    const isSame = said.kind === 'state' && said.digest === expected;
    must(isSame, 'storage_corrupt', `the log of size ${size} leads to another state than the snapshot’s`);
    return true;
  } catch (error) {
    // A fault that was found stays one, though the signal has come since.
    if (signal.aborted && !(error instanceof TwinlockError)) return false;
    throw error;
  } finally {
    await worker.terminate();
  }
}

/** `stateDigest`, while other work goes on. */
async function digestInTurns(state: State): Promise<Hex> {
  const hash = createHash('sha256');
  for await (const piece of inTurns(encodedPieces(state))) hash.update(piece);
  return hash.digest('hex');
}

/** Throws the fault that the thread has found, what ended it, and an AbortError once `signal` is aborted. */
async function ask(worker: Worker, question: RecheckQuestion, signal: AbortSignal): Promise<RecheckAnswer> {
  worker.postMessage(question);
  // Throws what the worker throws. One that ends without an answer has been terminated, or has no memory left.
  const [said] = (await once(worker, 'message', { signal })) as [RecheckAnswer];
  if (said.kind === 'fault') throw new TwinlockError(said.code, said.message, said.detail);
  return said;
}
