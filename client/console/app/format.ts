import { durationText } from '../../../src/core/duration.ts';
import { exactInstant, isInCalendar } from '../../exact.ts';

/** How an instant is written on a page. One time zone, the reader's, and always named. */

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

/** In the reader's time zone, and in UTC to the millisecond. */
export function instant(ms: number): string {
  return isInCalendar(ms) ? `${LOCAL.format(ms)} (${exactInstant(ms)})` : exactInstant(ms);
}

/** `in 3 hours` or `5 minutes ago`, rounded down: it stands beside the instant itself. */
export function fromNow(ms: number, nowMs: number): string {
  const gap = ms - nowMs;
  if (Math.abs(gap) < 1000) return 'now';
  return gap > 0 ? `in ${durationText(gap, 1)}` : `${durationText(gap, 1)} ago`;
}
