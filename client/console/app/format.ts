import { durationText } from '../../../src/core/duration.ts';
import { exactInstant, isInCalendar } from '../../display/exact.ts';

/** Formats instants for a page: always in the reader's time zone, and with its name. */

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

/** In the reader's time zone, and in UTC to the millisecond. */
export function instant(ms: number): string {
  return isInCalendar(ms) ? `${LOCAL.format(ms)} (${exactInstant(ms)})` : exactInstant(ms);
}

const MINUTE_MS = 60_000;

/**
 * `in 6 days 4 hours` or `5 minutes 12 seconds ago`: what is longer than an hour to the nearest minute, so that seven
 * days are still seven two seconds later.
 */
export function fromNow(ms: number, nowMs: number): string {
  const gap = ms - nowMs;
  if (Math.abs(gap) < 1000) return 'now';
  const isLong = Math.abs(gap) > 60 * MINUTE_MS;
  const text = durationText(isLong ? Math.round(gap / MINUTE_MS) * MINUTE_MS : gap);
  return gap > 0 ? `in ${text}` : `${text} ago`;
}
