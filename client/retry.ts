import { TwinlockError } from '../src/core/errors.ts';

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 5000;
const MAX_ASKED_MS = 60_000;
/** Since the last success, of a vault that is reached and has its client wait: its limits are counted by the day. */
const MAX_ASKED_TO_WAIT_MS = 25 * 60 * 60_000;

/** How long to go on where the vault cannot be reached; time and waiting are passed in, for tests. */
export interface RetryPolicy {
  /** Since the last success, milliseconds. */
  readonly forMs: number;
  /** Milliseconds by a clock that cannot be set. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Two minutes: long enough for a daemon to be restarted. */
export const DEFAULT_RETRY: RetryPolicy = {
  forMs: 120_000,
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * Patience with a vault that cannot be reached: `wait` after each failure, which rethrows what is not
 * `unavailable` or `rate_limited`, and everything once the vault has not been reached for `forMs`. Waits twice as
 * long each time. A vault that says `rate_limited`, or when to ask again, has been reached, and is asked again then: it
 * waits for its clock to be confirmed, which nothing that is given up here would hasten. After 25 hours of that without
 * a success, what it says is rethrown too.
 */
export class Patience {
  readonly #policy: RetryPolicy;
  /** The last success, or when this began. */
  #succeeded: number;
  /** When the vault was last reached. */
  #since: number;
  #delayMs = FIRST_DELAY_MS;

  constructor(policy: RetryPolicy) {
    this.#policy = policy;
    this.#since = policy.now();
    this.#succeeded = this.#since;
  }

  progress(): void {
    this.#since = this.#policy.now();
    this.#succeeded = this.#since;
    this.#delayMs = FIRST_DELAY_MS;
  }

  async wait(error: unknown): Promise<void> {
    if (error instanceof TwinlockError && asksToWait(error)) {
      this.#since = this.#policy.now();
      if (this.#since - this.#succeeded >= MAX_ASKED_TO_WAIT_MS) throw error;
      await this.#policy.sleep(askedToWaitMs(error, this.#delayMs));
      return;
    }
    const isTransient = error instanceof TwinlockError && error.code === 'unavailable';
    const waited = this.#policy.now() - this.#since;
    if (!isTransient || waited >= this.#policy.forMs) throw error;
    await this.#policy.sleep(this.#delayMs);
    this.#delayMs = Math.min(2 * this.#delayMs, MAX_DELAY_MS);
  }
}

function asksToWait({ code, detail }: TwinlockError): boolean {
  return code === 'rate_limited' || (code === 'unavailable' && detail['retryAfterMs'] !== undefined);
}

/** As long as the vault says, within bounds: it may be in the wrong hands. */
function askedToWaitMs({ detail }: TwinlockError, leastMs: number): number {
  const { retryAfterMs } = detail;
  return Math.min(Math.max(Number(retryAfterMs ?? 0) || 0, leastMs), MAX_ASKED_MS);
}

/** Repeats what may be repeated (a read, or a write of the same bytes to the same place) while `unavailable` or `rate_limited`. */
export async function withRetry<T>(policy: RetryPolicy, act: () => Promise<T>): Promise<T> {
  const patience = new Patience(policy);
  for (;;) {
    try {
      return await act();
    } catch (error) {
      await patience.wait(error);
    }
  }
}
