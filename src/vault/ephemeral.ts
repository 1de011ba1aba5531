import type { Hex } from '../core/bytes.ts';
import type { Clock } from './ports.ts';

interface Kept<T> {
  readonly value: T;
  readonly expires: number;
  readonly owner: string;
}

/**
 * Values that live for a while and in memory only: sessions, requests, used challenges. At most `maxPerOwner`
 * of one owner, whose oldest goes first, so that whoever asks for many pushes out nobody else's; `maxCount` in
 * all.
 */
export class Ephemeral<T> {
  readonly #values = new Map<Hex, Kept<T>>();
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #bounds: { readonly maxCount: number; readonly maxPerOwner: number };

  constructor(clock: Clock, lifeMs: number, bounds: { readonly maxCount: number; readonly maxPerOwner: number }) {
    this.#clock = clock;
    this.#lifeMs = lifeMs;
    this.#bounds = bounds;
  }

  /** How many there are, those that have expired left out. */
  get size(): number {
    this.#dropExpired();
    return this.#values.size;
  }

  /** Returns when it expires, in milliseconds since the epoch. */
  put(key: Hex, value: T, owner: string): number {
    const { maxCount, maxPerOwner } = this.#bounds;
    this.#dropExpired();
    const own = [...this.#values].filter(([, kept]) => kept.owner === owner).map(([name]) => name);
    const oldestOwn = own[0];
    if (own.length >= maxPerOwner && oldestOwn !== undefined) this.#values.delete(oldestOwn);
    const oldest = this.#values.keys().next();
    if (this.#values.size >= maxCount && !oldest.done) this.#values.delete(oldest.value);
    const expires = this.#clock.now() + this.#lifeMs;
    this.#values.set(key, { value, expires, owner });
    return expires;
  }

  get(key: Hex): { readonly value: T; readonly expires: number } | null {
    const found = this.#values.get(key);
    return found !== undefined && found.expires >= this.#clock.now() ? found : null;
  }

  /** Removes it before its time. */
  drop(key: Hex): void {
    this.#values.delete(key);
  }

  /** All live equally long, so the oldest expire first. */
  #dropExpired(): void {
    const now = this.#clock.now();
    for (const [key, { expires }] of this.#values) {
      if (expires >= now) return;
      this.#values.delete(key);
    }
  }
}
