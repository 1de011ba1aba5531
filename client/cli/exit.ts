import type { TwinlockError } from '../../src/core/errors.ts';

/** What a script can act on; 64 to 75 as in sysexits.h. */
export const EXIT = {
  ok: 0,
  /** Evidence that cannot be parsed: there is nothing to appraise. */
  unparsed: 2,
  /** A verdict: an audit found the log to be at fault, or an appraisal a rule that fails. */
  fault: 3,
  /** An audit found nothing wrong, and something open. */
  incomplete: 4,
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
} as const;

export function exitCodeOf({ code, group }: TwinlockError): number {
  if (code === 'cancelled') return EXIT.cancelled;
  if (code === 'unavailable') return EXIT.unavailable;
  // One of two clocks is wrong, most often this machine's: once it is set, the same command does it. Refused until then.
  if (code === 'clock_skew') return EXIT.retry;
  return EXIT[group];
}

export const EXIT_HELP = `Exit codes:
    0  done                            69  vault or hardware not reached
    2  what was given is no evidence   70  alert: something that must not be
    3  a fault: a log's, a rule's      75  try again, later
    4  audit: something is open       130  interrupted
   64  mend the input`;
