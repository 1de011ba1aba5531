import { durationText } from '../core/duration.ts';
import { TwinlockError } from '../core/errors.ts';
import type { Clock } from './ports.ts';

interface Spent {
  atMs: number;
  amount: number;
}

export interface AllowanceBounds {
  /** Names the limited thing in the plural, for the error message. */
  readonly what: string;
  /** Most that one owner may spend in any window of `windowMs`. */
  readonly most: number;
  readonly windowMs: number;
}

/** Owners that are remembered. When there are more, the owner that has been quiet longest is forgotten. */
const MAX_OWNERS = 10_000;
/** Amounts spent within this fraction of the window are stored as one record. */
const GRAIN = 1 / 64;

/** Limits what each owner spends in a sliding window of time, for example entries and bytes of a key. */
export class Allowance {
  readonly #owners = new Map<string, Spent[]>();
  readonly #clock: Clock;
  readonly #bounds: AllowanceBounds;

  /** `clock` should be monotonic: a clock that is set back or ahead starts the windows again. */
  constructor(clock: Clock, bounds: AllowanceBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** Throws `rate_limited` if `amount` has no room now; `detail.retryAfterMs` says when it has. Spends nothing. */
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

  /** Records that `owner` has spent `amount`, even if that passes the limit. */
  spend(owner: string, amount = 1): void {
    const recent = this.#recent(owner);
    const last = recent.at(-1);
    const now = this.#clock.now();
    if (last !== undefined && now - last.atMs < this.#bounds.windowMs * GRAIN) {
      last.amount += amount;
      // The whole amount takes the later time, so it counts slightly too long and never too short.
      last.atMs = now;
    } else recent.push({ atMs: now, amount });
    this.#owners.delete(owner);
    const quietest = this.#owners.keys().next();
    if (this.#owners.size >= MAX_OWNERS && !quietest.done) this.#owners.delete(quietest.value);
    this.#owners.set(owner, recent);
  }

  /** Spends `amount`. Throws as `require`, and then spends nothing. */
  take(owner: string, amount = 1): void {
    this.require(owner, amount);
    this.spend(owner, amount);
  }

  #recent(owner: string): Spent[] {
    const now = this.#clock.now();
    return (this.#owners.get(owner) ?? []).filter(({ atMs }) => atMs <= now && now - atMs < this.#bounds.windowMs);
  }
}
