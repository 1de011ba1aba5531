import type { Hex } from '../core/bytes.ts';
import type { Clock } from './ports.ts';

/**
 * Values that live for a while and in memory only: challenges, sessions, requests. At most `maxCount`; the
 * oldest goes first, so that whoever asks for many only pushes out their like.
 */
export class Ephemeral<T> {
  readonly #values = new Map<Hex, { readonly value: T; readonly expires: number }>();
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #maxCount: number;

  constructor(clock: Clock, lifeMs: number, maxCount: number) {
    this.#clock = clock;
    this.#lifeMs = lifeMs;
    this.#maxCount = maxCount;
  }

  /** Returns when it expires, in milliseconds since the epoch. */
  put(key: Hex, value: T): number {
    const expires = this.#clock.now() + this.#lifeMs;
    this.#values.set(key, { value, expires });
    const oldest = this.#values.keys().next();
    if (this.#values.size > this.#maxCount && !oldest.done) this.#values.delete(oldest.value);
    return expires;
  }

  get(key: Hex): { readonly value: T; readonly expires: number } | null {
    const found = this.#values.get(key);
    if (found === undefined) return null;
    if (found.expires >= this.#clock.now()) return found;
    this.#values.delete(key);
    return null;
  }

  /** Gets and removes: what is taken once is gone. */
  take(key: Hex): T | null {
    const found = this.get(key);
    this.#values.delete(key);
    return found?.value ?? null;
  }
}
