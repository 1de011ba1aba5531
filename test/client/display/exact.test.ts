import fc from 'fast-check';
import { expect, test } from 'vitest';
import { counted, exactBytes, exactDuration, exactInstant, roundedBytes } from '../../../client/display/exact.ts';

const DAY_MS = 86_400_000;

test('a lease of 24 hours and one of 48 hours less a millisecond do not read the same', () => {
  expect(exactDuration(DAY_MS)).toBe('1 day (86,400,000 ms)');
  expect(exactDuration(2 * DAY_MS - 1)).toBe('1 day 23 hours 59 minutes 59.999 seconds (172,799,999 ms)');
});

test('durations from a millisecond to the largest that can be signed', () => {
  expect(exactDuration(0)).toBe('0 seconds (0 ms)');
  expect(exactDuration(1)).toBe('0.001 seconds (1 ms)');
  expect(exactDuration(3_661_000)).toBe('1 hour 1 minute 1 second (3,661,000 ms)');
  expect(exactDuration(Number.MAX_SAFE_INTEGER)).toMatch(/^104,249,991 days .* \(9,007,199,254,740,991 ms\)$/);
});

test('sizes stand beside the exact count of bytes', () => {
  expect([exactBytes(0), exactBytes(1), exactBytes(1023n)]).toEqual(['0 bytes', '1 byte', '1,023 bytes']);
  expect(exactBytes(16_200_000)).toBe('15.4 MiB (16,200,000 bytes)');
  expect(exactBytes((1n << 64n) - 1n)).toBe('16384.0 PiB (18,446,744,073,709,551,615 bytes)');
  expect(roundedBytes(16_200_000n)).toBe('15.4 MiB');
});

test('instants are told to the millisecond, also those that no date can say', () => {
  expect(exactInstant(Date.UTC(2026, 0, 2, 3, 4, 5, 678))).toBe('2026-01-02 03:04:05.678Z');
  expect(exactInstant(8.64e15)).toBe('+275760-09-13 00:00:00.000Z');
  expect(exactInstant(8.64e15 + 1)).toBe('8,640,000,000,000,001 ms after 1970, which no calendar has');
});

test.each([
  ['durations', exactDuration],
  ['sizes', exactBytes],
  ['instants', exactInstant],
  ['counts', (value: number) => counted(value, 'host')],
])('no two %s that differ read the same', (_, text) => {
  const near = fc.tuple(fc.maxSafeNat(), fc.integer({ min: 1, max: 2 * DAY_MS }));
  fc.assert(
    fc.property(near, ([value, more]) => {
      fc.pre(Number.isSafeInteger(value + more));
      expect(text(value + more)).not.toBe(text(value));
    }),
  );
});
