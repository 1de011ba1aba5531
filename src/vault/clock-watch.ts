import { earliestMs } from '../core/state/entries/time.ts';
import { MAX_SKEW_MS } from '../core/state/judgement.ts';
import type { Facts } from '../core/state/state.ts';
import type { Clock } from './ports.ts';

/** A wall clock, which the operator may set, and a monotonic clock, which cannot be set. */
export interface Clocks extends Clock {
  /** Milliseconds since a fixed moment. */
  monotonic(): number;
}

/**
 * Returns the monotonic clock. Things that live only in memory expire by it, so a wrong wall clock ends none of them.
 */
export function steady(clocks: Clocks): Clock {
  return { now: () => clocks.monotonic() };
}

/** The state of the clock, which the daemon reports to its operator. */
export interface ClockState {
  /**
   * `behind`: the clock is more than five minutes before the time that custodians have signed, so the log refuses almost
   * all entries. `jumped`: the wall clock has jumped against the monotonic clock since a custodian confirmed it.
   * `awaited`: no custodian has confirmed it since this process began. `confirmed`: none of these.
   */
  readonly standing: 'behind' | 'jumped' | 'awaited' | 'confirmed';
  /** How far the wall clock has jumped against the monotonic one since it was confirmed, seconds; null before. */
  readonly jumpedSeconds: number | null;
  /** How far the wall clock is ahead of the latest time that a custodian has signed, seconds. */
  readonly sinceSignedSeconds: number;
}

/** The readings of both clocks at a moment when the wall clock agreed with a custodian or a machine. */
interface Agreement {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** The latest time that a custodian has signed, and the entry in which one last did. */
type LastSigned = Pick<Facts, 'attestedMs' | 'attestedAt'>;

/**
 * Decides whether the vault may act on the wall clock without a person. It may if a custodian has signed a time that
 * agreed with the wall clock since this process began, and the wall clock has not jumped against the monotonic clock
 * since then. A clock that is not confirmed ends nothing. The vault waits until the next custodian signs something.
 *
 * A wall clock that has run ahead may still be right, because the monotonic clock stands still while the machine is
 * paused. If the clock of a machine that asks for a release agrees with the wall clock, the vault dates its own entries
 * by the wall clock again. The machine confirms nothing else, because its clock may be wrong too.
 */
export class ClockWatch {
  readonly #clocks: Clocks;
  /** The signed time at the last look. It cannot confirm a second time a clock that is later set back to it. */
  #signed: LastSigned | null;
  /** The last look at which the wall clock agreed with what a custodian had just signed. */
  #agreed: Agreement | null = null;
  /** The last time that a machine's clock agreed with the wall clock while that was ahead. */
  #heard: Agreement | null = null;

  /** `signed` is the time that custodians had signed before this process began; null if the vault was not founded. */
  constructor(clocks: Clocks, signed: LastSigned | null) {
    this.#clocks = clocks;
    this.#signed = signed;
  }

  /** Compares the clocks with the facts of the log. The daemon calls it every few seconds. */
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

  /** Takes the clock of a signed-in machine that asks for a release, milliseconds since the epoch. */
  hear(machineMs: number): void {
    const [wallMs, monotonicMs] = [this.#clocks.now(), this.#clocks.monotonic()];
    // A pause of the machine can only make the wall clock run ahead.
    const isAhead = (this.#jumpedMs(this.#agreed) ?? 0) > MAX_SKEW_MS;
    if (isAhead && isNear(wallMs - machineMs)) this.#heard = { wallMs, monotonicMs };
  }

  /** Returns the standing of the clock now. A time that was signed since the last look confirms nothing yet. */
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
   * The time of entries that the vault makes alone, in whole milliseconds since the epoch. It is the wall clock. If that
   * has jumped and no machine has agreed with it since, it is the last confirmed time plus the monotonic time since then.
   */
  get nowMs(): number {
    const heardJumpMs = this.#jumpedMs(this.#heard);
    return heardJumpMs !== null && isNear(heardJumpMs) ? this.#clocks.now() : this.#confirmedMs;
  }

  /** As `nowMs`, without what machines have shown. */
  get #confirmedMs(): number {
    const now = this.#clocks.now();
    const jumpedMs = this.#jumpedMs(this.#agreed) ?? 0;
    return isNear(jumpedMs) ? now : Math.round(now - jumpedMs);
  }

  /**
   * The time by which the vault ends things and shows them as ended. A jump of the wall clock does not move it. Until a
   * custodian confirms the clock, it is the earlier of the wall clock and the time that custodians signed.
   */
  overMs(attestedMs: number): number {
    return this.#agreed === null ? Math.min(this.#clocks.now(), attestedMs) : this.#confirmedMs;
  }

  /** The latest time that it may be now. A wall clock that is set back makes no lease longer. */
  latestMs(attestedMs: number): number {
    return Math.max(this.#clocks.now(), attestedMs, this.#confirmedMs);
  }

  /**
   * How far the wall clock has jumped against the monotonic clock since `since`, milliseconds; null if `since` is null.
   */
  #jumpedMs(since: Agreement | null): number | null {
    if (since === null) return null;
    const passedMs = this.#clocks.monotonic() - since.monotonicMs;
    return this.#clocks.now() - since.wallMs - passedMs;
  }
}

function isNear(ms: number): boolean {
  return Math.abs(ms) <= MAX_SKEW_MS;
}
