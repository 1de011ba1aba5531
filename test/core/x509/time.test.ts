import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instantText, parseInstantText } from '../../../src/core/x509/time.ts';

const MALFORMED = expect.objectContaining({ code: 'malformed' });
const YEAR_0_MS = Date.parse('0000-01-01T00:00:00Z');
const YEAR_9999_MS = Date.parse('9999-12-31T23:59:59Z');

describe('an instant', () => {
  test('is written as the platform writes it, cut to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: YEAR_0_MS, max: YEAR_9999_MS + 999 }), (ms) => {
        const text = new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
        expect(instantText(ms)).toBe(text);
        expect(parseInstantText(text)).toBe(Math.floor(ms / 1000) * 1000);
      }),
    );
  });

  test('is right on every day of 400 years, and at both ends', () => {
    for (let day = -141_000; day < 6_000; day++) {
      expect(instantText(day * 86_400_000)).toBe(`${new Date(day * 86_400_000).toISOString().slice(0, 10)}T00:00:00Z`);
    }
    for (const ms of [YEAR_0_MS, YEAR_9999_MS]) expect(parseInstantText(instantText(ms))).toBe(ms);
  });

  test.each([YEAR_0_MS - 1, YEAR_9999_MS + 1000, Number.NaN, Number.POSITIVE_INFINITY])(
    'outside of the years 0 to 9999 is refused: %d',
    (ms) => {
      expect(() => instantText(ms)).toThrow(MALFORMED);
    },
  );

  test.each([
    '',
    '2025-06-19',
    '2025-06-19T10:16:03',
    '2025-06-19T10:16:03z',
    '2025-06-19t10:16:03Z',
    '2025-06-19 10:16:03Z',
    '2025-06-19T10:16:03.000Z',
    '2025-06-19T10:16:03+00:00',
    '2025-6-19T10:16:03Z',
    '20250619T101603Z',
    ' 2025-06-19T10:16:03Z',
    '2025-06-19T10:16:03Z\n',
    '2025-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2025-00-01T00:00:00Z',
    '2025-13-01T00:00:00Z',
    '2025-06-00T00:00:00Z',
    '2025-06-31T00:00:00Z',
    '2025-06-19T24:00:00Z',
    '2025-06-19T10:60:00Z',
    '2025-06-19T10:16:60Z',
    '+02025-06-19T10:16:03Z',
    '２025-06-19T10:16:03Z',
  ])('is refused as %j', (text) => {
    expect(() => parseInstantText(text)).toThrow(MALFORMED);
  });
});
