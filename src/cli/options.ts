import { InvalidArgumentError } from 'commander';
import { must } from '../core/errors.ts';
import type { Grade } from '../core/schema.ts';

/** What the commands share: where a vault is unless it is said, and how flags are read. */

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 8443;
export const DEFAULT_DATA = 'twinlock-data';

export function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

/** Of a flag that may be repeated. */
export const collect = (text: string, before: string[] = []): string[] => [...before, text];

/** Of `--grade`. Throws `usage`. */
export function requireGrade(text: string): Grade {
  const isGrade = text === 'production' || text === 'simulation';
  must(isGrade, 'usage', `--grade: expected production or simulation, got ${text}`);
  return text;
}
