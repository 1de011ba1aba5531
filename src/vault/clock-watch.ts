import { earliestMs } from '../core/state/entries/time.ts';
import { MAX_SKEW_MS } from '../core/state/judgement.ts';
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

/** What both clocks showed when the wall clock agreed with what somebody said. */
interface Agreement {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** The latest time that a custodian has signed, and the entry in which one last did. */
type LastSigned = Pick<Facts, 'attestedMs' | 'attestedAt'>;

/**
 * Whether the wall clock may be acted upon without a person: only where a custodian has signed a time that agreed with
 * it, since this process began, and it has not jumped against the monotonic clock from then on. A clock that was set
 * wrongly, or with which the machine began, ends nothing; it waits for the next custodian who signs something.
 *
 * A wall clock that has run ahead may be right all the same: the monotonic one stands still while the machine is paused.
 * So a machine that asks for a release, whose clock agrees, has the vault date by the wall clock again what it records
 * alone, as the request of that machine is dated. It confirms nothing else: such a machine's clock may be wrong too.
 */
export class ClockWatch {
  readonly #clocks: Clocks;
  /** What custodians had signed at the last look. A clock that is set back to it later is not confirmed by it again. */
  #signed: LastSigned | null;
  /** The last look at which the wall clock agreed with what a custodian had just signed. */
  #agreed: Agreement | null = null;
  /** The last time that a machine's clock agreed with the wall clock while that was ahead. */
  #heard: Agreement | null = null;

  /** `signed` is what custodians had signed before this process began; null where the vault was not founded yet. */
  constructor(clocks: Clocks, signed: LastSigned | null) {
    this.#clocks = clocks;
    this.#signed = signed;
  }

  /** To be called every few seconds, with the log's facts. */
  look(signed: LastSigned): ClockState {
    const [wallMs, monotonicMs] = [this.#clocks.now(), this.#clocks.monotonic()];
    const { attestedMs, attestedAt } = signed;
    const isNew = this.#signed?.attestedAt !== attestedAt || this.#signed.attestedMs !== attestedMs;
    this.#signed = { attestedMs, attestedAt };
    if (isNew && isNear(wallMs - attestedMs)) {
      this.#agreed = { wallMs, monotonicMs };
      this.#heard = null;
    }
    const jumpedMs = this.#jumpedMs(this.#agreed);
    return {
      standing: this.standing(signed),
      jumpedSeconds: jumpedMs === null ? null : Math.round(jumpedMs / 1000),
      sinceSignedSeconds: Math.round((wallMs - attestedMs) / 1000),
    };
  }

  /** To be called with the time by the clock of a machine that is signed in and asks for a release. */
  hear(machineMs: number): void {
    const [wallMs, monotonicMs] = [this.#clocks.now(), this.#clocks.monotonic()];
    // A pause never sets a clock back.
    const isAhead = (this.#jumpedMs(this.#agreed) ?? 0) > MAX_SKEW_MS;
    if (isAhead && isNear(wallMs - machineMs)) this.#heard = { wallMs, monotonicMs };
  }

  /** As the clocks show now. What custodians have signed since the last look confirms nothing yet. */
  standing(signed: Pick<Facts, 'attestedMs' | 'attestedAt'>): ClockState['standing'] {
    if (this.#clocks.now() < earliestMs(signed)) return 'behind';
    if (this.isConfirmed) return 'confirmed';
    return this.#agreed === null ? 'awaited' : 'jumped';
  }

  get isConfirmed(): boolean {
    const jumpedMs = this.#jumpedMs(this.#agreed);
    return jumpedMs !== null && isNear(jumpedMs);
  }

  /**
   * What dates the entries of the vault alone, in whole milliseconds since the epoch: the wall clock; where it has jumped,
   * and no machine has been heard since, what the monotonic clock has counted on since a custodian confirmed it.
   */
  get nowMs(): number {
    const heardJumpMs = this.#jumpedMs(this.#heard);
    return heardJumpMs !== null && isNear(heardJumpMs) ? this.#clocks.now() : this.#confirmedMs;
  }

  /** As `nowMs`, by what custodians have signed alone. */
  get #confirmedMs(): number {
    const now = this.#clocks.now();
    const jumpedMs = this.#jumpedMs(this.#agreed) ?? 0;
    return isNear(jumpedMs) ? now : Math.round(now - jumpedMs);
  }

  /**
   * What has ended by this time has ended for certain, and may be told so: no jump of the wall clock moves it. Before
   * a custodian has signed anything, both the wall clock and what was signed before must say so.
   */
  overMs(attestedMs: number): number {
    return this.#agreed === null ? Math.min(this.#clocks.now(), attestedMs) : this.#confirmedMs;
  }

  /** The latest that it may be: a wall clock that is set back makes no lease longer. */
  latestMs(attestedMs: number): number {
    return Math.max(this.#clocks.now(), attestedMs, this.#confirmedMs);
  }

  /** How far the wall clock has jumped against the monotonic one since; null where there was no such moment. */
  #jumpedMs(since: Agreement | null): number | null {
    if (since === null) return null;
    const passedMs = this.#clocks.monotonic() - since.monotonicMs;
    return this.#clocks.now() - since.wallMs - passedMs;
  }
}

function isNear(ms: number): boolean {
  return Math.abs(ms) <= MAX_SKEW_MS;
}
