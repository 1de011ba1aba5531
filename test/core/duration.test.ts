import { expect, test } from 'vitest';
import { aheadText, durationText } from '../../src/core/duration.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

test.each([
  [0, '0 seconds'],
  [999, '0 seconds'],
  [SECOND_MS, '1 second'],
  [5 * MINUTE_MS + 12 * SECOND_MS, '5 minutes 12 seconds'],
  [HOUR_MS + 59 * SECOND_MS, '1 hour'],
  [DAY_MS - 1, '23 hours 59 minutes'],
  [3_456_000 * SECOND_MS, '40 days'],
  [-(40 * DAY_MS + 3 * HOUR_MS + 59 * MINUTE_MS), '40 days 3 hours'],
])('a duration of %i ms is written in its two longest units: %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test('a duration is written in as many units as are asked for', () => {
  expect(durationText(DAY_MS - 1, 1)).toBe('23 hours');
  expect(durationText(DAY_MS + SECOND_MS, 4)).toBe('1 day 1 second');
});

test('of two clocks, the text says which is ahead', () => {
  expect(`the first is ${aheadText(2 * DAY_MS, DAY_MS)} the other`).toBe('the first is 1 day ahead of the other');
  expect(`the first is ${aheadText(DAY_MS, 2 * DAY_MS)} the other`).toBe('the first is 1 day behind the other');
});
