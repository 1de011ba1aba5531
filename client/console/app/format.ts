import { exactInstant, isInCalendar } from '../../exact.ts';

/** How an instant is written on a page. One time zone, the reader's, and always named. */

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });
const STEPS: readonly (readonly [unit: string, ms: number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/** In the reader's time zone, and in UTC to the millisecond. */
export function instant(ms: number): string {
  return isInCalendar(ms) ? `${LOCAL.format(ms)} (${exactInstant(ms)})` : exactInstant(ms);
}

/** `in 3 hours` or `5 minutes ago`, rounded down: it stands beside the instant itself. */
export function fromNow(ms: number, nowMs: number): string {
  const gap = ms - nowMs;
  if (Math.abs(gap) < 1000) return 'now';
  return gap > 0 ? `in ${rounded(gap)}` : `${rounded(-gap)} ago`;
}

function rounded(ms: number): string {
  const [unit, step] = STEPS.find(([, unitMs]) => ms >= unitMs) ?? ['second', 1000];
  const count = Math.trunc(ms / step);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
