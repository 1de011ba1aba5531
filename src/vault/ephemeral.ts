import type { Hex } from '../core/bytes.ts';
import type { Clock } from './ports.ts';

interface Kept<T> {
  readonly value: T;
  readonly expires: number;
  readonly owner: string;
}

/**
 * Values that live for a fixed time and only in memory: sessions, requests, used challenges. One owner has at most
 * `maxPerOwner`; a further value replaces the owner's oldest. There are at most `maxCount` values in total; a further
 * value replaces the oldest of the owner who has the most. So an owner with few values never loses them to another owner.
 */
export class Ephemeral<T> {
  readonly #values = new Map<Hex, Kept<T>>();
  readonly #owners = new Map<string, Set<Hex>>();
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #bounds: { readonly maxCount: number; readonly maxPerOwner: number };

  /** `clock` must be monotonic. */
  constructor(clock: Clock, lifeMs: number, bounds: { readonly maxCount: number; readonly maxPerOwner: number }) {
    this.#clock = clock;
    this.#lifeMs = lifeMs;
    this.#bounds = bounds;
  }

  /** The number of values that have not expired. */
  get size(): number {
    this.#dropExpired();
    return this.#values.size;
  }

  /** Returns the values of an owner that have not expired, oldest first. */
  of(owner: string): readonly T[] {
    this.#dropExpired();
    return [...(this.#owners.get(owner) ?? [])].map((key) => (this.#values.get(key) as Kept<T>).value);
  }

  put(key: Hex, value: T, owner: string): void {
    this.#dropExpired();
    this.drop(key);
    const own = this.#owners.get(owner);
    if (own !== undefined && own.size >= this.#bounds.maxPerOwner) this.#dropOldest(own);
    if (this.#values.size >= this.#bounds.maxCount) this.#dropOldest(this.#largest());
    const expires = this.#clock.now() + this.#lifeMs;
    this.#values.set(key, { value, expires, owner });
    this.#owners.set(owner, (this.#owners.get(owner) ?? new Set()).add(key));
  }

  get(key: Hex): { readonly value: T } | null {
    const found = this.#values.get(key);
    return found !== undefined && found.expires >= this.#clock.now() ? found : null;
  }

  /** Removes a value before it expires. */
  drop(key: Hex): void {
    const owner = this.#values.get(key)?.owner;
    if (owner === undefined) return;
    this.#values.delete(key);
    const own = this.#owners.get(owner);
    own?.delete(key);
    if (own?.size === 0) this.#owners.delete(owner);
  }

  #dropOldest(own: ReadonlySet<Hex>): void {
    for (const oldest of own) {
      this.drop(oldest);
      return;
    }
  }

  #largest(): ReadonlySet<Hex> {
    return [...this.#owners.values()].reduce((most, own) => (own.size > most.size ? own : most), new Set<Hex>());
  }

  /** Removes expired values. All values live equally long, so the oldest expire first. */
  #dropExpired(): void {
    const now = this.#clock.now();
    for (const [key, { expires }] of this.#values) {
      if (expires >= now) return;
      this.drop(key);
    }
  }
}
