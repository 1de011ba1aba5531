import type { Work } from '../wire/route.ts';
import { Allowance } from './allowance.ts';
import { InFlight } from './in-flight.ts';
import * as limits from './limits.ts';
import type { Clock } from './ports.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Makes the allowance for stops, counted by signing key. Only stops spend it. */
export function stopAllowance(clock: Clock): Allowance {
  return new Allowance(clock, { what: 'stops of one key', most: limits.STOPS_A_MINUTE_A_KEY, windowMs: MINUTE_MS });
}

/**
 * The allowances of each caller. The caller is the credential or key of a session, or the token of a host. No caller can
 * spend the allowance of another. A stop spends none of these.
 */
export class Shares {
  /** Requests under way. A request ends when the caller has received the answer. */
  readonly requests: Readonly<Record<Work, InFlight>> = {
    small: new InFlight('requests', limits.REQUESTS_AT_ONCE_A_KEY),
    large: new InFlight('large requests', limits.LARGE_AT_ONCE_A_KEY),
    wait: new InFlight('waiting requests', limits.WAITS_AT_ONCE_A_KEY),
  };
  readonly appraisals = new InFlight('appraisals', limits.APPRAISALS_AT_ONCE_A_KEY);
  /** Proposals and deposits: while one is recorded, every other act waits. */
  readonly acts = new InFlight('proposals or deposits', limits.ACTS_AT_ONCE_A_KEY);
  /** Reads of ciphertext and leaves, by a host's token. */
  readonly reads = new InFlight('reads', limits.READS_AT_ONCE_A_HOST);
  readonly bodyBytes: Allowance;
  /** Recorded proposals and deposits, which one caller can add to the log alone. */
  readonly entriesAnHour: Allowance;
  readonly entriesADay: Allowance;
  /** Uploads that a depositor has opened. */
  readonly uploads: Allowance;
  /** Failed sign-ins by address and key together, so that failures from another address do not lock out a key. */
  readonly failedSignIns: Allowance;

  /** `clock` must be monotonic. */
  constructor(clock: Clock) {
    const allowance = (what: string, most: number, windowMs: number) => new Allowance(clock, { what, most, windowMs });
    this.bodyBytes = allowance('bytes of requests of one key', limits.BODY_BYTES_A_MINUTE_A_KEY, MINUTE_MS);
    this.entriesAnHour = allowance('proposals and deposits of one key', limits.ENTRIES_AN_HOUR_A_KEY, HOUR_MS);
    this.entriesADay = allowance('proposals and deposits of one key', limits.ENTRIES_A_DAY_A_KEY, DAY_MS);
    this.uploads = allowance('uploads of one key', limits.UPLOADS_AN_HOUR_A_KEY, HOUR_MS);
    this.failedSignIns = allowance(
      'failed sign-ins with one key from one address',
      limits.FAILED_SIGN_INS_A_MINUTE,
      MINUTE_MS,
    );
  }

  /**
   * Runs an act that adds an entry for `owner`, one at a time. The act counts only if it succeeds. Throws
   * `rate_limited`.
   */
  recording<T>(owner: string, act: () => Promise<T>): Promise<T> {
    return this.acts.run(owner, async () => {
      this.entriesAnHour.require(owner);
      this.entriesADay.require(owner);
      const recorded = await act();
      this.entriesAnHour.spend(owner);
      this.entriesADay.spend(owner);
      return recorded;
    });
  }
}
