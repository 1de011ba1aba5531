import { must } from '../core/errors.ts';

/** Urgent work goes before all ordinary work that waits. Work that has begun is not interrupted. */
export type Urgency = 'urgent' | 'ordinary';

interface QueueBounds {
  /** Works that may run at the same time; 1 unless given. */
  readonly atOnce?: number;
  /** Works that may wait; without a bound unless given. */
  readonly maxWaiting?: number;
}

/** Runs work in the order in which it came, urgent work first. Work that fails leaves the other work alone. */
export class Queue {
  readonly #waiting: Readonly<Record<Urgency, (() => Promise<void>)[]>> = { urgent: [], ordinary: [] };
  readonly #maxWaiting: number;
  #free: number;

  constructor({ atOnce = 1, maxWaiting = Number.POSITIVE_INFINITY }: QueueBounds = {}) {
    this.#free = atOnce;
    this.#maxWaiting = maxWaiting;
  }

  /** Settles as `work` does. Throws `unavailable`, without running it, where too many works wait already. */
  async run<T>(work: () => Promise<T>, urgency: Urgency = 'ordinary'): Promise<T> {
    const { urgent, ordinary } = this.#waiting;
    const isRoom = this.#free > 0 || urgent.length + ordinary.length < this.#maxWaiting;
    must(isRoom, 'unavailable', 'too many ask at once: try again');
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // Begun in a later microtask, also where no other work waits: work that queues other work cannot overtake itself.
    this.#waiting[urgency].push(() => Promise.resolve().then(work).then(resolve, reject));
    if (this.#free > 0) void this.#drain();
    return promise;
  }

  get isUrgentWaiting(): boolean {
    return this.#waiting.urgent.length > 0;
  }

  /** Takes one of the free places and keeps it while there is work. */
  async #drain(): Promise<void> {
    this.#free -= 1;
    for (let next = this.#next(); next !== undefined; next = this.#next()) await next();
    this.#free += 1;
  }

  #next(): (() => Promise<void>) | undefined {
    return this.#waiting.urgent.shift() ?? this.#waiting.ordinary.shift();
  }
}
