import type { Clock } from './ports.ts';

interface Window {
  count: number;
  readonly since: number;
}

/**
 * How often something happened of late, by owner, in windows of `windowMs` that begin with the first. At most
 * `maxOwners` are told apart: past that, the one that came first is forgotten.
 */
export class Recent {
  readonly #windows = new Map<string, Window>();
  readonly #clock: Clock;
  readonly #bounds: { readonly windowMs: number; readonly maxOwners: number };

  constructor(clock: Clock, bounds: { readonly windowMs: number; readonly maxOwners: number }) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** How often it has happened in the owner's window. */
  count(owner: string): number {
    return this.#window(owner)?.count ?? 0;
  }

  /** Counts that it happened once more. */
  add(owner: string): void {
    const window = this.#window(owner);
    if (window !== undefined) {
      window.count++;
      return;
    }
    this.#windows.delete(owner);
    const oldest = this.#windows.keys().next();
    if (this.#windows.size >= this.#bounds.maxOwners && !oldest.done) this.#windows.delete(oldest.value);
    this.#windows.set(owner, { count: 1, since: this.#clock.now() });
  }

  /** One that is over counts for nothing; so does one from a later time than it is, after a clock was set back. */
  #window(owner: string): Window | undefined {
    const window = this.#windows.get(owner);
    const age = window === undefined ? 0 : this.#clock.now() - window.since;
    return age >= 0 && age < this.#bounds.windowMs ? window : undefined;
  }
}
