import type { TwinlockError } from '../../src/core/errors.ts';

/** What a script can act on; 64 to 75 as in sysexits.h. */
export const EXIT = {
  ok: 0,
  /** An audit found the log to be at fault. */
  integrity: 3,
  /** An audit found nothing wrong, and something open. */
  incomplete: 4,
  /** The input is wrong: mend it. */
  mend: 64,
  /** The vault cannot be reached. */
  unavailable: 69,
  /** Something that must not be: stop, keep the evidence, alert. */
  alert: 70,
  /** Try again, later or once the named thing has happened. */
  retry: 75,
  /** Interrupted. */
  cancelled: 130,
} as const;

export function exitCodeOf({ code, group }: TwinlockError): number {
  if (code === 'cancelled') return EXIT.cancelled;
  if (code === 'unavailable') return EXIT.unavailable;
  return EXIT[group];
}

export const EXIT_HELP = `Exit codes:
    0  done                            69  the vault cannot be reached
    3  audit: the log is at fault      70  alert: something that must not be
    4  audit: something is open        75  try again, later
   64  mend the input                 130  interrupted`;
