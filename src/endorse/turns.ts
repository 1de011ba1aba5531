import { must } from '../core/errors.ts';

/** More than a fleet asks for when it starts. */
const MAX_WAITING = 1024;

/** Lets so many works run at a time; the others wait, the first come the first served. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Throws `unavailable` where too many wait already, and as `work`. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait();
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  #wait(): Promise<void> {
    must(this.#waiting.length < MAX_WAITING, 'unavailable', 'too many ask at once');
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
