const SLICE_MS = 5;

/** What `work` yields, with a turn for everybody else of this thread after each: work that takes long holds nobody up. */
export async function* inTurns<T>(work: Iterable<T>): AsyncGenerator<T> {
  for (const step of work) {
    yield step;
    await nextTurn();
  }
}

/** Resolves after whatever else is ready to run. */
export function nextTurn(): Promise<void> {
  return new Promise<void>((resolve) => setImmediate(resolve));
}

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
