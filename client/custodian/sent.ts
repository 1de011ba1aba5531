import type { Hex } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';

/**
 * A thing that a person has signed with a touch, and the digest by which the log shows it. A sign-in and an enrolment
 * are in no log.
 */
export interface SignedAct {
  readonly what: 'sign-in' | 'enrolment' | 'genesis' | 'proposal' | 'decision' | 'custody' | 'stop';
  readonly digest: Hex | null;
}

/**
 * What was signed has been sent, and an error came back. Its code and message are those of the answer: claims of the
 * vault, which may have recorded what it has. Only the log shows whether it did.
 */
export class SentError extends TwinlockError {
  readonly signed: SignedAct;

  constructor(signed: SignedAct, cause: TwinlockError) {
    super(cause.code, cause.message, cause.detail, { cause });
    this.signed = signed;
  }
}

/** The console could not connect to the vault, so nothing was sent. A vault cannot cause this error. */
export class NotReachedError extends TwinlockError {}

/**
 * Sends what has been signed. Throws `SentError` for every error that `send` throws, but `NotReachedError` as it is.
 */
export async function sending<T>(signed: SignedAct, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof NotReachedError) throw error;
    throw error instanceof TwinlockError ? new SentError(signed, error) : error;
  }
}
