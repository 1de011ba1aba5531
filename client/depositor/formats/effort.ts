import { setImmediate as nextTurn } from 'node:timers/promises';
import { must } from '../../../src/core/errors.ts';

/**
 * What the checks do, by what it costs in time or memory; the unit is a byte that is read. A byte of JSON is looked at
 * twice and may be kept, a part is a number or text of a GGUF header, and the name of a member is kept.
 */
export const COST = { jsonByte: 16, part: 64, member: 2048 } as const;

/**
 * For all files of a folder together: four million members, 134 million parts, 512 MiB of JSON, or 8 GiB read. The
 * largest file that is taken at all takes less than half; the largest known models take a tenth, and a folder of thirty
 * GGUF files, each with the largest known vocabulary, less than half.
 */
const MAX_EFFORT = 2 ** 33;
/** Some ten milliseconds. */
const TURN_EVERY = 2 ** 20;

/** The limit of work for the inspection of a folder's files, which may be hostile. */
export class Effort {
  readonly #signal: AbortSignal | null;
  readonly #max: number;
  #spent = 0;
  #turnAt = TURN_EVERY;

  constructor(signal: AbortSignal | null = null, max: number = MAX_EFFORT) {
    this.#signal = signal;
    this.#max = max;
  }

  get isSpent(): boolean {
    return this.#spent > this.#max;
  }

  /** To be called before what costs so much is done. Throws `malformed` where the files are not worth it. */
  spend(cost: number): void {
    this.#spent += cost;
    const message =
      'not looked at further, nor any file after it: the headers and indices of the folder are larger than those of any known model';
    must(!this.isSpent, 'malformed', message);
  }

  /**
   * To be called in every loop: now and then, others have their turn, so that the process can be interrupted. Throws
   * `cancelled` once the signal is aborted.
   */
  async rest(): Promise<void> {
    if (this.#spent >= this.#turnAt) {
      this.#turnAt = this.#spent + TURN_EVERY;
      await nextTurn();
    }
    must(this.#signal?.aborted !== true, 'cancelled', 'given up as asked');
  }
}
