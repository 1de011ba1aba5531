import { describe, expect, it } from 'vitest';
import type { Dates } from '../../src/core/attest/kit/wanted.ts';
import { newest } from '../../src/endorse/newest.ts';

const NOW = 1000;
const list = (issuedMs: number, endsMs: number, edition = 0): Dates => ({ edition, issuedMs, endsMs });
const chosen = (...values: readonly Dates[]) => newest(values, (dates) => dates, NOW);

describe('of several, the one that is taken', () => {
  it.each<[string, readonly Dates[], number]>([
    ['is the last issued', [list(1, 2000), list(3, 2000), list(2, 2000)], 1],
    ['is the first of those issued at the same time', [list(1, 2000), list(1, 3000)], 0],
    ['is the one in date, though another was issued later', [list(500, 999), list(1, NOW)], 1],
    ['is not from the future', [list(1, 2000), list(NOW + 1, 9000)], 0],
    ['may be issued right now', [list(1, 2000), list(NOW, 2000)], 1],
    ['is of the highest edition, though another was issued later', [list(1, 2000, 18), list(900, 2000, 17)], 0],
    ['is in date, though another edition is higher', [list(1, 999, 18), list(1, 2000, 17)], 1],
    ['is the last issued where none is in date', [list(1, 900), list(3, 800), list(2, 999)], 1],
    ['is the last to end where none is in date and none says when it was issued', [list(0, 5), list(0, 6)], 1],
    ['is from the future only where there is no other', [list(NOW + 1, 9000, 99), list(1, 2)], 1],
  ])('%s', (_, values, index) => {
    expect(chosen(...values)).toBe(values[index]);
  });

  it('is none of none', () => {
    expect(chosen()).toBeNull();
    expect(chosen(list(NOW + 1, 9000))).not.toBeNull();
  });
});
