const SLICE_MS = 5;

/** Yields the items of `work`, and lets other tasks of this thread run after each item. */
export async function* inTurns<T>(work: Iterable<T>): AsyncGenerator<T> {
  for (const step of work) {
    yield step;
    await nextTurn();
  }
}

/** Resolves after the other tasks that are ready to run. */
export function nextTurn(): Promise<void> {
  return new Promise<void>((resolve) => setImmediate(resolve));
}

/** Divides long work on this thread into slices, so that network traffic goes on and the process can be interrupted. */
export class TimeSlice {
  #began = performance.now();

  /** Must be called between steps. Every few milliseconds, it lets other tasks run. */
  async rest(): Promise<void> {
    if (performance.now() - this.#began < SLICE_MS) return;
    await nextTurn();
    this.#began = performance.now();
  }
}
