import type { Code } from '../errors.ts';
import { must } from '../errors.ts';
import { WINDOW_ENTRIES } from './bounds.ts';

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
