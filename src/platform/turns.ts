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
