import { MAX_SKEW_MS } from '../core/state/judgement.ts';
import { earliestMs } from '../core/state/rules/time.ts';
import type { Facts } from '../core/state/state.ts';
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
  /**
   * `behind`: more than five minutes before what custodians have signed, so that the log takes next to nothing. `jumped`:
   * against the monotonic clock, since it was confirmed. `awaited`: no custodian has confirmed it since this process
   * began. Else `confirmed`.
   */
  readonly standing: 'behind' | 'jumped' | 'awaited' | 'confirmed';
  /** How far the wall clock has jumped against the monotonic one since it was confirmed, seconds; null before. */
  readonly jumpedSeconds: number | null;
  /** How far the wall clock is ahead of the latest time that a custodian has signed, seconds. */
  readonly sinceSignedSeconds: number;
}

/** The latest time that a custodian has signed, and the entry in which one last did. */
type Signed = Pick<Facts, 'attestedMs' | 'attestedAt'>;

/**
 * Whether the wall clock may be acted upon without a person: only where a custodian has signed a time that agreed with
 * it, since this process began, and it has not jumped against the monotonic clock from then on. A clock that was set
 * wrongly, or with which the machine began, ends nothing; it waits for the next custodian who signs something.
 */
export class ClockWatch {
  readonly #clocks: Clocks;
  /** What custodians had signed at the last look. A clock that is set back to it later is not confirmed by it again. */
  #signed: Signed | null;
  /** The last look at which the wall clock agreed with what a custodian had just signed. */
  #agreed: { readonly wallMs: number; readonly monotonicMs: number } | null = null;

  /** `signed` is what custodians had signed before this process began; null where the vault was not founded yet. */
  constructor(clocks: Clocks, signed: Signed | null) {
    this.#clocks = clocks;
    this.#signed = signed;
  }

  /** To be called every few seconds, with the log's facts. */
  look(signed: Signed): ClockState {
    const [wallMs, monotonicMs] = [this.#clocks.now(), this.#clocks.monotonic()];
    const { attestedMs, attestedAt } = signed;
    const isNew = this.#signed?.attestedAt !== attestedAt || this.#signed.attestedMs !== attestedMs;
    this.#signed = { attestedMs, attestedAt };
    if (isNew && Math.abs(wallMs - attestedMs) <= MAX_SKEW_MS) this.#agreed = { wallMs, monotonicMs };
    const jumpedMs = this.#jumpedMs;
    return {
      standing: this.#standing(wallMs < earliestMs(signed)),
      jumpedSeconds: jumpedMs === null ? null : Math.round(jumpedMs / 1000),
      sinceSignedSeconds: Math.round((wallMs - attestedMs) / 1000),
    };
  }

  #standing(isBehind: boolean): ClockState['standing'] {
    if (isBehind) return 'behind';
    if (this.isConfirmed) return 'confirmed';
    return this.#agreed === null ? 'awaited' : 'jumped';
  }

  get isConfirmed(): boolean {
    const jumpedMs = this.#jumpedMs;
    return jumpedMs !== null && Math.abs(jumpedMs) <= MAX_SKEW_MS;
  }

  /**
   * The best that this process knows, in whole milliseconds since the epoch: the wall clock; where it has jumped, what the
   * monotonic clock has counted on since the two agreed.
   */
  get nowMs(): number {
    const now = this.#clocks.now();
    const jumpedMs = this.#jumpedMs ?? 0;
    return Math.abs(jumpedMs) <= MAX_SKEW_MS ? now : Math.round(now - jumpedMs);
  }

  /**
   * What has ended by this time has ended for certain, and may be told so: no jump of the wall clock moves it. Before
   * a custodian has signed anything, both the wall clock and what was signed before must say so.
   */
  overMs(attestedMs: number): number {
    return this.#agreed === null ? Math.min(this.#clocks.now(), attestedMs) : this.nowMs;
  }

  /** The latest that it may be: a wall clock that is set back makes no lease longer. */
  latestMs(attestedMs: number): number {
    return Math.max(this.#clocks.now(), attestedMs, this.nowMs);
  }

  get #jumpedMs(): number | null {
    if (this.#agreed === null) return null;
    const passedMs = this.#clocks.monotonic() - this.#agreed.monotonicMs;
    return this.#clocks.now() - this.#agreed.wallMs - passedMs;
  }
}
