import { fromUtf8 } from '../bytes.ts';
import { must } from '../errors.ts';
import { type DerReader, GENERALIZED_TIME, UTC_TIME } from './der-reader.ts';

const DAY_SECONDS = 86_400;
const DAYS_BEFORE_1970 = 719_468;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads a Time (RFC 5280 section 4.1.2.5) as milliseconds since the epoch: YYMMDDHHMMSSZ for 1950 to 2049, or
 * YYYYMMDDHHMMSSZ for any year, since NVIDIA writes it before 2050 too; no fractions, no offsets. Throws `malformed`.
 */
export function readTime(der: DerReader): number {
  const short = der.nextIs(UTC_TIME);
  const text = fromUtf8(der.read(short ? UTC_TIME : GENERALIZED_TIME));
  must((short ? /^[0-9]{12}Z$/ : /^[0-9]{14}Z$/).test(text), 'malformed', 'expected a time in seconds, in UTC');
  return instantOf(short ? `${text < '5' ? '20' : '19'}${text}` : text);
}

/**
 * Parses an instant as `instantText` writes it, YYYY-MM-DDTHH:MM:SSZ, to milliseconds since the epoch. Throws
 * `malformed` for any other form (fractions, offsets) and what is not on the calendar.
 */
export function parseInstantText(text: string): number {
  const form = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/;
  must(form.test(text), 'malformed', 'expected an instant as YYYY-MM-DDTHH:MM:SSZ');
  return instantOf(text.replace(/[-:T]/g, ''));
}

/** An instant of the years 0 to 9999 as YYYY-MM-DDTHH:MM:SSZ (RFC 3339), cut to the second. Throws `malformed`. */
export function instantText(instantMs: number): string {
  const seconds = Math.floor(instantMs / 1000);
  const days = Math.floor(seconds / DAY_SECONDS);
  const { year, month, day } = dateOf(days);
  must(year >= 0 && year <= 9999, 'malformed', 'expected an instant of the years 0 to 9999');
  const time = seconds - days * DAY_SECONDS;
  const two = (value: number) => String(value).padStart(2, '0');
  const [hour, minute, second] = [Math.floor(time / 3600), Math.floor(time / 60) % 60, time % 60].map(two);
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${hour}:${minute}:${second}Z`;
}

/** Milliseconds since the epoch of the digits YYYYMMDDHHMMSS. Throws `malformed`. */
function instantOf(digits: string): number {
  const part = (start: number, length = 2) => Number(digits.slice(start, start + length));
  const [year, month, day] = [part(0, 4), part(4), part(6)];
  const [hour, minute, second] = [part(8), part(10), part(12)];
  must(day >= 1 && day <= daysIn(year, month), 'malformed', 'expected a day of the calendar');
  must(hour < 24 && minute < 60 && second < 60, 'malformed', 'expected a time of day');
  return (daysSinceEpoch(year, month, day) * DAY_SECONDS + (hour * 60 + minute) * 60 + second) * 1000;
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

/** The inverse of `daysSinceEpoch`. 400 years of that calendar have 146,097 days. */
function dateOf(days: number): { year: number; month: number; day: number } {
  const shifted = days + DAYS_BEFORE_1970;
  const cycle = Math.floor(shifted / 146_097);
  const dayOfCycle = shifted - cycle * 146_097;
  const leapless = dayOfCycle - Math.floor(dayOfCycle / 1460) + Math.floor(dayOfCycle / 36_524);
  const yearOfCycle = Math.floor((leapless - Math.floor(dayOfCycle / 146_096)) / 365);
  const dayOfYear = dayOfCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = 400 * cycle + yearOfCycle + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1 };
}
