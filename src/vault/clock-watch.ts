import { MAX_SKEW_MS } from '../core/state/judgement.ts';
import type { Clock } from './ports.ts';

/** A wall clock, which the operator may set, and a monotonic clock, which cannot be set. */
export interface Clocks extends Clock {
  /** Milliseconds from a fixed moment. */
  monotonic(): number;
}

/** The monotonic clock, for what lives in memory only: a wall clock that was wrong for a moment ends nothing. */
export function steady(clocks: Clocks): Clock {
  return { now: () => clocks.monotonic() };
}

/** What the daemon tells its operator about its clock. */
export interface ClockState {
  readonly isConfirmed: boolean;
  /** How far the wall clock has jumped against the monotonic one since it was confirmed, seconds; null before. */
  readonly jumpedSeconds: number | null;
  /** How far the wall clock is ahead of the latest time that a custodian has signed, seconds. */
  readonly sinceSignedSeconds: number;
}

/**
 * Whether the wall clock may be acted upon without a person: only where a custodian has signed a time that agreed with
 * it, since this process began, and it has not jumped against the monotonic clock from then on. A clock that was set
 * wrongly, or with which the machine began, ends nothing; it waits for the next custodian who signs something.
 */
export class ClockWatch {
  readonly #clocks: Clocks;
  /** The last look at which the wall clock agreed with a custodian's. */
  #agreed: { readonly wallMs: number; readonly monotonicMs: number } | null = null;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
  }

  /** To be called every few seconds. `attestedMs` is the latest time that a custodian has signed. */
  look(attestedMs: number): ClockState {
    const [wallMs, monotonicMs] = [this.#clocks.now(), this.#clocks.monotonic()];
    if (Math.abs(wallMs - attestedMs) <= MAX_SKEW_MS) this.#agreed = { wallMs, monotonicMs };
    const jumpedMs = this.#jumpedMs;
    return {
      isConfirmed: this.isConfirmed,
      jumpedSeconds: jumpedMs === null ? null : Math.round(jumpedMs / 1000),
      sinceSignedSeconds: Math.round((wallMs - attestedMs) / 1000),
    };
  }

  get isConfirmed(): boolean {
    const jumpedMs = this.#jumpedMs;
    return jumpedMs !== null && Math.abs(jumpedMs) <= MAX_SKEW_MS;
  }

  /** What has ended by this time may be told to have ended: by a confirmed clock, or by what custodians have signed. */
  overMs(attestedMs: number): number {
    const now = this.#clocks.now();
    return this.isConfirmed ? now : Math.min(now, attestedMs);
  }

  /** The latest that it may be: a wall clock that is set back makes no lease longer. */
  latestMs(attestedMs: number): number {
    const now = this.#clocks.now();
    return Math.max(now, attestedMs, now - (this.#jumpedMs ?? 0));
  }

  get #jumpedMs(): number | null {
    if (this.#agreed === null) return null;
    const passedMs = this.#clocks.monotonic() - this.#agreed.monotonicMs;
    return this.#clocks.now() - this.#agreed.wallMs - passedMs;
  }
}
