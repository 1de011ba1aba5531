import { durationText } from '../core/duration.ts';
import { TwinlockError } from '../core/errors.ts';
import type { Clock } from './ports.ts';

interface Spent {
  atMs: number;
  amount: number;
}

export interface AllowanceBounds {
  /** Of what, in the plural, for the message. */
  readonly what: string;
  /** What each may spend within `windowMs`, in any window of that length. */
  readonly most: number;
  readonly windowMs: number;
}

/** Owners that are told apart; past that, the one that has been quiet longest begins anew. */
const MAX_OWNERS = 10_000;
/** What is spent within this fraction of the window is remembered as one. */
const GRAIN = 1 / 64;

/** What each owner may spend in a time: a key its entries and bytes, an address its failures. */
export class Allowance {
  readonly #owners = new Map<string, Spent[]>();
  readonly #clock: Clock;
  readonly #bounds: AllowanceBounds;

  /** The clock is best one that is never set: one that is set back or ahead begins the windows anew. */
  constructor(clock: Clock, bounds: AllowanceBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** Throws `rate_limited`, whose `detail.retryAfterMs` says when there is room for `amount`, and spends nothing. */
  require(owner: string, amount = 1): void {
    const { what, most, windowMs } = this.#bounds;
    const recent = this.#recent(owner);
    let used = recent.reduce((sum, spent) => sum + spent.amount, 0);
    if (used + amount <= most) return;
    let retryAfterMs = windowMs;
    for (const { atMs, amount: freed } of recent) {
      retryAfterMs = atMs + windowMs - this.#clock.now();
      used -= freed;
      if (used + amount <= most) break;
    }
    const seconds = Math.ceil(retryAfterMs / 1000);
    throw new TwinlockError(
      'rate_limited',
      `expected at most ${most} ${what} in ${durationText(windowMs)}: try again in ${durationText(seconds * 1000, 4)}`,
      { retryAfterMs: Math.ceil(retryAfterMs) },
    );
  }

  /** Takes `amount`, also where that is more than there is: what has happened is counted. */
  spend(owner: string, amount = 1): void {
    const recent = this.#recent(owner);
    const last = recent.at(-1);
    const now = this.#clock.now();
    if (last !== undefined && now - last.atMs < this.#bounds.windowMs * GRAIN) {
      last.amount += amount;
      // Remembered for too long rather than for too short a time.
      last.atMs = now;
    } else recent.push({ atMs: now, amount });
    this.#owners.delete(owner);
    const quietest = this.#owners.keys().next();
    if (this.#owners.size >= MAX_OWNERS && !quietest.done) this.#owners.delete(quietest.value);
    this.#owners.set(owner, recent);
  }

  /** As `require`, and spends it. */
  take(owner: string, amount = 1): void {
    this.require(owner, amount);
    this.spend(owner, amount);
  }

  #recent(owner: string): Spent[] {
    const now = this.#clock.now();
    return (this.#owners.get(owner) ?? []).filter(({ atMs }) => atMs <= now && now - atMs < this.#bounds.windowMs);
  }
}
