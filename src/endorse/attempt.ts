import { TwinlockError } from '../core/errors.ts';

/** Null for what cannot be parsed: another source may have it right. */
export function orNull<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TwinlockError) return null;
    throw error;
  }
}
