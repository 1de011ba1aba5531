import type { Code, CodeGroup, TwinlockError } from './errors.ts';

/** The exit codes of both programs, for scripts. 64 to 75 are those of sysexits.h; the others are our own. */
export const EXIT = {
  ok: 0,
  /** Evidence that cannot be parsed: there is nothing to appraise. */
  unparsed: 2,
  /** A verdict: an audit found the log to be at fault, or an appraisal a rule that fails. */
  fault: 3,
  /** An audit found nothing wrong, and something open. */
  incomplete: 4,
  /** The custodians denied it. */
  denied: 5,
  /** It was not decided in time, or its lease is over: ask anew. */
  expired: 6,
  /** Something that the request rests on has been replaced since, the policy for instance: ask again. */
  overtaken: 7,
  /** A person has withdrawn, revoked or decided it. */
  ended: 8,
  /** The vault is stopped: nothing is released until a quorum resumes it. */
  stopped: 9,
  /** The input is wrong: mend it. */
  mend: 64,
  /** The vault cannot be reached, or nothing on this machine proves what it runs. */
  unavailable: 69,
  /** Something that must not be: stop, keep the evidence, alert. */
  alert: 70,
  /** Try again, later or once the named thing has happened: a clock that differs has been set, for instance. */
  retry: 75,
  /** Interrupted. */
  cancelled: 130,
} as const satisfies Record<CodeGroup, number> & Record<string, number>;

/** Exceptions: codes for which a script acts differently than for the rest of their group. */
const OWN: Partial<Record<Code, keyof typeof EXIT>> = {
  cancelled: 'cancelled',
  unavailable: 'unavailable',
  // One of two clocks is wrong, most often this machine's: once it is set, the same command does it. Refused until
  // then.
  clock_skew: 'retry',
};

/** Every code has one: its own, or that of its group. */
export function exitCodeOf({ code, group }: Pick<TwinlockError, 'code' | 'group'>): number {
  return EXIT[OWN[code] ?? group];
}
