import { TwinlockError } from '../../src/core/errors.ts';

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 5000;
const MAX_ASKED_MS = 60_000;
/**
 * What one try counts for at the most: so long a silent vault is waited for. What is longer is a pause of this machine.
 */
const LONGEST_TRY_MS = 30_000;
/**
 * The longest time for waits that the vault asks for, since the last success. The vault's limits are counted by the
 * day.
 */
export const HELD_FOR_MS: number = 25 * 60 * 60_000;

/** How long to go on where the vault cannot be reached; time and waiting are passed in, for tests. */
export interface RetryPolicy {
  /** Failures in a row before one is final, each of a try that was made. */
  readonly tries: number;
  /** Spent on such tries and on the waits between them before one is final, milliseconds. */
  readonly forMs: number;
  /** Milliseconds by a clock that cannot be set. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Two minutes of trying: long enough for a daemon to be restarted. */
export const DEFAULT_RETRY: RetryPolicy = {
  tries: 8,
  forMs: 120_000,
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * Patience with a vault that cannot be reached: `wait` after each failure, which rethrows what is not
 * `unavailable` or `rate_limited`, and everything once `tries` in a row have failed and `forMs` were spent on them.
 * Only what this process has done counts: a machine that sleeps, or is paused, for longer than one try takes spends
 * one try. Waits twice as long each time.
 *
 * A vault that says `rate_limited`, or when to ask again, has been reached, and is asked again then: it waits for its
 * clock to be confirmed, which nothing that is given up here would hasten. What it says is rethrown too once it has
 * asked for `heldForMs` of waiting without a success between.
 */
export class Patience {
  readonly #policy: RetryPolicy;
  #failed = 0;
  #spentMs = 0;
  #heldMs = 0;
  #delayMs = FIRST_DELAY_MS;
  /** When the try began that is under way. */
  #triedAt: number;

  constructor(policy: RetryPolicy) {
    this.#policy = policy;
    this.#triedAt = policy.now();
  }

  progress(): void {
    this.#heldMs = 0;
    this.#reached();
    this.#triedAt = this.#policy.now();
  }

  async wait(error: unknown, heldForMs: number = HELD_FOR_MS): Promise<void> {
    if (!(error instanceof TwinlockError)) throw error;
    if (asksToWait(error)) {
      if (this.#heldMs >= heldForMs) throw error;
      const askedMs = askedToWaitMs(error, FIRST_DELAY_MS);
      this.#reached();
      this.#heldMs += askedMs;
      await this.#sleep(askedMs);
      return;
    }
    if (error.code !== 'unavailable') throw error;
    this.#failed++;
    this.#spentMs += Math.min(this.#policy.now() - this.#triedAt, LONGEST_TRY_MS);
    if (this.#failed >= this.#policy.tries && this.#spentMs >= this.#policy.forMs) throw error;
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(2 * delayMs, MAX_DELAY_MS);
    this.#spentMs += delayMs;
    await this.#sleep(delayMs);
  }

  #reached(): void {
    this.#failed = 0;
    this.#spentMs = 0;
    this.#delayMs = FIRST_DELAY_MS;
  }

  async #sleep(ms: number): Promise<void> {
    await this.#policy.sleep(ms);
    this.#triedAt = this.#policy.now();
  }
}

function asksToWait({ code, detail }: TwinlockError): boolean {
  return code === 'rate_limited' || (code === 'unavailable' && detail['retryAfterMs'] !== undefined);
}

/** The wait that the vault asks for, within bounds: the vault may be in the wrong hands. */
function askedToWaitMs({ detail }: TwinlockError, leastMs: number): number {
  const { retryAfterMs } = detail;
  return Math.min(Math.max(Number(retryAfterMs ?? 0) || 0, leastMs), MAX_ASKED_MS);
}

/**
 * Repeats what may be repeated (a read, or a write of the same bytes to the same place) while `unavailable` or
 * `rate_limited`, as `Patience.wait`.
 */
export async function withRetry<T>(
  policy: RetryPolicy,
  act: () => Promise<T>,
  heldForMs: number = HELD_FOR_MS,
): Promise<T> {
  const patience = new Patience(policy);
  for (;;) {
    try {
      return await act();
    } catch (error) {
      await patience.wait(error, heldForMs);
    }
  }
}
