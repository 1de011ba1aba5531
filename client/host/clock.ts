import { TwinlockError } from '../../src/core/errors.ts';

/** A host's own clock: what the vault says of the time is held against it. */
export interface HostClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from a fixed moment, by a clock that cannot be set. */
  monotonic(): number;
}

export const HOST_CLOCK: HostClock = { now: () => Date.now(), monotonic: () => performance.now() };

/** A timer of the platform waits no longer than this: 2^31 - 1 ms, almost 25 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * What is left of a release's lease, from the moment at which it was opened. It ends by the monotonic clock, however
 * the wall clock is set, and by the wall clock where that comes first: a machine that sleeps may stop the monotonic one.
 */
export class Lease {
  readonly #clock: HostClock;
  readonly #endsAtMs: number;
  readonly #endsAtMonotonicMs: number;
  readonly #over = new AbortController();
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `endsAtMs` is in milliseconds since the epoch. `stop` must be called once the lease is no longer needed. */
  constructor(endsAtMs: number, clock: HostClock) {
    this.#clock = clock;
    this.#endsAtMs = endsAtMs;
    this.#endsAtMonotonicMs = clock.monotonic() + endsAtMs - clock.now();
    this.#watch();
  }

  /** Aborted when the lease ends, so that what waits for the vault waits no longer. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Milliseconds; 0 or less once it is over. */
  get leftMs(): number {
    const { now, monotonic } = { now: this.#clock.now(), monotonic: this.#clock.monotonic() };
    return Math.min(this.#endsAtMs - now, this.#endsAtMonotonicMs - monotonic);
  }

  get isOver(): boolean {
    return this.#over.signal.aborted || this.leftMs <= 0;
  }

  /** Throws `lease_over` once it is over. */
  requireLive(): void {
    if (this.isOver) throw leaseOver();
  }

  /** Ends the lease early: a stop has reached this machine. */
  end(): void {
    this.stop();
    this.#over.abort();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #watch(): void {
    const { leftMs } = this;
    if (leftMs <= 0) {
      this.#over.abort();
      return;
    }
    this.#timer = setTimeout(() => this.#watch(), Math.min(Math.ceil(leftMs), LONGEST_TIMER_MS));
    this.#timer.unref();
  }
}

export function leaseOver(): TwinlockError {
  return new TwinlockError('lease_over', 'the lease is over by this machine’s own clock: request the version anew');
}
