import { setImmediate as nextTurn } from 'node:timers/promises';

const SLICE_MS = 5;

/** For long work on this thread: what is sent and received goes on meanwhile, and the process can be interrupted. */
export class TimeSlice {
  #began = performance.now();

  /** To be called between steps. Lets others have their turn, every few milliseconds. */
  async rest(): Promise<void> {
    if (performance.now() - this.#began < SLICE_MS) return;
    await nextTurn();
    this.#began = performance.now();
  }
}
