/**
 * Formats values for people, for the console and the command line. A rounded value stands beside the exact one, so that
 * two different values never read the same.
 */

import { counted, grouped } from '../../src/core/counted.ts';

export { counted };

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const STEPS: readonly (readonly [unit: string, ms: number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];
/** The last instant of a JavaScript date (ECMAScript, "Time Values"). */
const MAX_INSTANT_MS = 8.64e15;

/** Formats a whole number of milliseconds exactly: `1 day 23 hours 59 minutes 59.999 seconds (172,799,999 ms)`. */
export function exactDuration(ms: number): string {
  let rest = ms;
  const parts: string[] = [];
  for (const [unit, unitMs] of STEPS) {
    const count = Math.trunc(rest / unitMs);
    rest -= count * unitMs;
    if (count !== 0) parts.push(counted(count, unit));
  }
  if (rest !== 0 || parts.length === 0) parts.push(`${rest / 1000} second${rest === 1000 ? '' : 's'}`);
  return `${parts.join(' ')} (${grouped(ms)} ms)`;
}

/** `15.4 MiB (16,200,000 bytes)`, `512 bytes`. */
export function exactBytes(bytes: number | bigint): string {
  const exact = counted(bytes, 'byte');
  return bytes < 1024 ? exact : `${roundedBytes(bytes)} (${exact})`;
}

/** `15.4 MiB`: for numbers that change while a person watches, as in a progress bar. */
export function roundedBytes(bytes: number | bigint): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** UTC, to the millisecond: `2026-01-02 03:04:05.678Z`. */
export function exactInstant(ms: number): string {
  if (!isInCalendar(ms)) return `${grouped(ms)} ms after 1970, which no calendar has`;
  return new Date(ms).toISOString().replace('T', ' ');
}

export function isInCalendar(ms: number): boolean {
  return Math.abs(ms) <= MAX_INSTANT_MS;
}
