import { fromUtf8 } from '../bytes.ts';
import { must } from '../errors.ts';
import { type DerReader, GENERALIZED_TIME, UTC_TIME } from './der-reader.ts';

const DAY_MS = 86_400_000;
const DAYS_BEFORE_1970 = 719_468;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads a Time (RFC 5280 section 4.1.2.5) as milliseconds since the epoch: YYMMDDHHMMSSZ for 1950 to 2049,
 * else YYYYMMDDHHMMSSZ; no fractions, no offsets. Throws `malformed`.
 */
export function readTime(der: DerReader): number {
  const short = der.nextIs(UTC_TIME);
  const text = fromUtf8(der.read(short ? UTC_TIME : GENERALIZED_TIME));
  must((short ? /^[0-9]{12}Z$/ : /^[0-9]{14}Z$/).test(text), 'malformed', 'expected a time in seconds, in UTC');
  const digits = short ? `${text < '5' ? '20' : '19'}${text}` : text;
  const part = (start: number, length = 2) => Number(digits.slice(start, start + length));
  const [year, month, day] = [part(0, 4), part(4), part(6)];
  const [hour, minute, second] = [part(8), part(10), part(12)];
  must(day >= 1 && day <= daysIn(year, month), 'malformed', 'expected a day of the calendar');
  must(hour < 24 && minute < 60 && second < 60, 'malformed', 'expected a time of day');
  return daysSinceEpoch(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000;
}

/** 0 for a month that does not exist. */
function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return (MONTH_DAYS[month - 1] ?? 0) + (leap && month === 2 ? 1 : 0);
}

/** Counts in years that begin in March, so that the leap day is the last; Gregorian throughout. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - DAYS_BEFORE_1970;
}
