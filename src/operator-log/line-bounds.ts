import type { Clocks } from '../vault/clock-watch.ts';

/** Kinds that are told apart; past that, the others count as one. */
const MAX_KINDS = 1000;

interface LinesSeen {
  sinceMs: number;
  written: number;
  leftOut: number;
}

/** How many lines of one kind a log takes in a time: what is said again and again does not fill the disk. */
export class LineBounds {
  readonly #kinds = new Map<string, LinesSeen>();
  readonly #clocks: Pick<Clocks, 'monotonic'>;
  readonly #windowMs: number;

  /** The time is that of the clock that is never set. */
  constructor(clocks: Pick<Clocks, 'monotonic'>, windowMs: number) {
    this.#clocks = clocks;
    this.#windowMs = windowMs;
  }

  /**
   * Counts a line of that kind. At most `most` lines of a kind are written in `windowMs`. Returns how many were left
   * out since the last that was written; null where this one is to be left out too.
   */
  take(kind: string, most: number): number | null {
    const nowMs = this.#clocks.monotonic();
    const known = this.#kinds.has(kind) || this.#kinds.size < MAX_KINDS ? kind : '';
    const seen = this.#kinds.get(known) ?? { sinceMs: nowMs, written: 0, leftOut: 0 };
    this.#kinds.set(known, seen);
    if (nowMs - seen.sinceMs >= this.#windowMs) Object.assign(seen, { sinceMs: nowMs, written: 0 });
    if (seen.written >= most) {
      seen.leftOut++;
      return null;
    }
    const { leftOut } = seen;
    seen.written++;
    seen.leftOut = 0;
    return leftOut;
  }
}
