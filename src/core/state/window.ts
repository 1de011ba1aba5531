import type { Code } from '../errors.ts';
import { must } from '../errors.ts';

/**
 * Entries back from the end of a log to which a new entry may refer by a size of the log, and as far as the fold knows
 * roots, times and what was named once. A vault that records 18 entries a second, far above what people can decide, still
 * leaves the 15 minutes that a nonce may be old. It counts entries, since no clock that goes back makes them fewer.
 */
export const WINDOW_ENTRIES = 16_384;

/** Whether entry `index` may refer to what the log was at `size`. */
export function isInWindow(size: number, index: number): boolean {
  return size > index - WINDOW_ENTRIES;
}

/** Throws `code` where `size` is too far back for entry `index`; `what` names it, and what to do. */
export function requireInWindow(size: number, index: number, code: Code, what: string): void {
  must(
    isInWindow(size, index),
    code,
    `${what}: expected a size of the log above ${index - WINDOW_ENTRIES}, got ${size}`,
  );
}
