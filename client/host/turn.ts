import { TwinlockError } from '../../src/core/errors.ts';
import { Patience, type RetryPolicy } from '../api/retry.ts';

/** Runs an act that the vault may refuse for now, because one key has as much of it under way as it may. */
export type Turn = <T>(act: () => Promise<T>) => Promise<T>;

/** Runs an act once, so that the first refusal is final. */
export const AT_ONCE: Turn = (act) => act();

/**
 * Waits for its turn, for as long as `Patience` waits for a vault that asks to be asked again: hosts that share a key
 * then follow one another. `act` must have done nothing where it throws `rate_limited`. `onWait` is told of each refusal.
 */
export function inTurn(retry: RetryPolicy, onWait: (refusal: TwinlockError) => void): Turn {
  return async (act) => {
    const patience = new Patience(retry);
    for (;;) {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof TwinlockError && error.code === 'rate_limited')) throw error;
        onWait(error);
        await patience.wait(error);
      }
    }
  };
}
