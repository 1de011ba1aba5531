/** Urgent work goes before all ordinary work that waits; what has begun is not interrupted. */
export type Urgency = 'urgent' | 'ordinary';

/** Runs work one piece at a time, in the order in which it came. */
export class Turns {
  readonly #waiting: Readonly<Record<Urgency, (() => Promise<void>)[]>> = { urgent: [], ordinary: [] };
  #isRunning = false;

  /** Settles as `work` does; what throws leaves the others alone. */
  take<T>(work: () => Promise<T>, urgency: Urgency = 'ordinary'): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // Begun in a later microtask, also where no other work waits: work that takes another turn cannot overtake itself.
    this.#waiting[urgency].push(() => Promise.resolve().then(work).then(resolve, reject));
    if (!this.#isRunning) void this.#run();
    return promise;
  }

  get isUrgentWaiting(): boolean {
    return this.#waiting.urgent.length > 0;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) await next();
    this.#isRunning = false;
  }

  #next(): (() => Promise<void>) | undefined {
    return this.#waiting.urgent.shift() ?? this.#waiting.ordinary.shift();
  }
}
