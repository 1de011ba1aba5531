import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Code, TwinlockError } from '../../core/errors.ts';
import { type Discharger, firstRefuted, type Refuted } from '../../core/state/discharge.ts';
import type { Claim } from '../../core/state/judgement.ts';
import { verifyNode } from '../verify-node.ts';

/** A claim that a thread has found untrue, by its place among those that it was given; null where all are true. */
export type Answer =
  | (Pick<Refuted, 'place'> & Pick<TwinlockError, 'message' | 'detail'> & { readonly code: Code })
  | null;

/** Claims that the caller's thread discharges before threads begin. To begin them takes as long as these claims. */
const FEW_CLAIMS = 1024;
/** Each thread takes about 28 MB. The judging thread does not keep more of them busy. */
const MAX_THREADS = 8;

/**
 * Discharges the claims of a long log, signatures and appraisals, on threads of its own while its caller judges the next
 * entries. It begins the threads once there are many claims: one for each core but the caller's, at most 8. The number of
 * threads changes no verdict. Idle threads keep no process alive.
 */
export class DischargingThreads implements Discharger {
  readonly #count: number;
  readonly #fewClaims: number;
  #claims = 0;
  readonly #workers: Worker[] = [];
  /** The error of a thread that failed while it had no claim. The next call throws it. */
  #failure: { readonly error: unknown } | null = null;

  constructor(count: number = threadsFor(availableParallelism()), fewClaims: number = FEW_CLAIMS) {
    this.#count = count;
    this.#fewClaims = fewClaims;
  }

  /** As `firstRefuted` of core/state/discharge.ts. One call at a time. */
  async firstRefuted(claims: readonly Claim[]): Promise<Refuted | null> {
    this.#claims += claims.length;
    if (this.#claims < this.#fewClaims) return firstRefuted(claims, verifyNode);
    const share = Math.ceil(claims.length / this.#count);
    try {
      if (this.#failure !== null) throw this.#failure.error;
      while (this.#workers.length < this.#count) this.#workers.push(this.#begin());
      const answers = await Promise.all(
        this.#workers.map((worker, i) => ask(worker, claims.slice(i * share, (i + 1) * share))),
      );
      const first = answers.findIndex((answer) => answer !== null);
      return refutedBy(answers[first] ?? null, first * share);
    } catch (error) {
      // A thread has ended without a verdict: the next call begins others.
      await this.end();
      throw error;
    }
  }

  /** Ends the threads. Others are begun where there are many claims again. */
  async end(): Promise<void> {
    const workers = this.#workers.splice(0);
    this.#claims = 0;
    this.#failure = null;
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #begin(): Worker {
    const worker = new Worker(new URL(`./worker${extname(import.meta.filename)}`, import.meta.url));
    // Without a listener, the error of a thread that has no claim would end the process.
    worker.on('error', (error) => {
      this.#failure ??= { error };
    });
    worker.unref();
    return worker;
  }
}

/** The number of threads for a machine with so many cores: 1 to 8. */
export function threadsFor(cores: number): number {
  return Math.min(MAX_THREADS, Math.max(1, cores - 1));
}

/** Throws what the thread throws. */
async function ask(worker: Worker, claims: readonly Claim[]): Promise<Answer> {
  if (claims.length === 0) return null;
  worker.ref();
  try {
    worker.postMessage(claims);
    const [answer] = (await once(worker, 'message')) as [Answer];
    return answer;
  } finally {
    worker.unref();
  }
}

function refutedBy(answer: Answer, before: number): Refuted | null {
  if (answer === null) return null;
  const { place, code, message, detail } = answer;
  return { place: before + place, error: new TwinlockError(code, message, detail) };
}
