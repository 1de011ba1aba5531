import { TwinlockError } from './errors.ts';

/** A class of errors by which something says no to its input. */
type RefusalClass<E extends Error> = new (...args: never[]) => E;

/**
 * What `work` returns; where it throws an error of exactly the class `refusal`, what `otherwise` makes of it.
 *
 * The only place in core that catches. Our own parsers refuse by `TwinlockError`, JSON.parse by `SyntaxError`, the
 * libraries by a plain `Error`. Everything else is thrown on as it came: `RangeError`, `InternalError` and their kind
 * are the engine's, whose stack or memory is at its end, and `TypeError` is a mistake in the code. Another process
 * might have had the stack, so none of them may ever become a verdict about the input.
 */
export function unlessRefused<E extends Error, T, R>(
  refusal: RefusalClass<E>,
  work: () => T,
  otherwise: (error: E) => R,
): T | R {
  try {
    return work();
  } catch (error) {
    return otherwise(requireRefusal(refusal, error));
  }
}

/** Returns the result of `work`; null if it throws an error of exactly the class `refusal`. */
export function orNull<E extends Error, T>(refusal: RefusalClass<E>, work: () => T): T | null {
  return unlessRefused(refusal, work, () => null);
}

/** `unlessRefused` of work that takes its time. */
export async function unlessRefusedLater<E extends Error, T, R>(
  refusal: RefusalClass<E>,
  work: () => Promise<T> | T,
  otherwise: (error: E) => R,
): Promise<T | R> {
  try {
    return await work();
  } catch (error) {
    return otherwise(requireRefusal(refusal, error));
  }
}

/** Throws what is no refusal, and the engine's error itself where a library has wrapped it. */
function requireRefusal<E extends Error>(refusal: RefusalClass<E>, error: unknown): E {
  if (!isExactly(refusal, error)) throw error;
  const { cause } = error;
  const isOfInput = cause === undefined || [TwinlockError, Error, SyntaxError].some((known) => isExactly(known, cause));
  if (!isOfInput) throw cause;
  return error;
}

/** `RangeError` and its kind are instances of `Error` too. */
function isExactly<E extends Error>(known: RefusalClass<E>, error: unknown): error is E {
  return error instanceof known && Object.getPrototypeOf(error) === known.prototype;
}
