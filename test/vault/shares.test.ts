import { describe, expect, test } from 'vitest';
import type { TwinlockError } from '../../src/core/errors.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { Allowance } from '../../src/vault/allowance.ts';
import { Challenges } from '../../src/vault/challenges.ts';
import { Ephemeral } from '../../src/vault/ephemeral.ts';
import { InFlight } from '../../src/vault/in-flight.ts';
import * as limits from '../../src/vault/limits.ts';
import { Shares } from '../../src/vault/shares.ts';

const limited = expect.objectContaining({ code: 'rate_limited' });
const thrownBy = (act: () => unknown): TwinlockError => {
  try {
    act();
  } catch (error) {
    return error as TwinlockError;
  }
  throw new Error('expected a refusal');
};

describe('Allowance', () => {
  function open(most: number, windowMs: number) {
    const clock = { nowMs: 1_000_000, now: () => clock.nowMs };
    return { clock, allowance: new Allowance(clock, { what: 'things', most, windowMs }) };
  }

  test('an owner spends so much in a window, and no other owner’s', () => {
    const { allowance } = open(3, 1000);
    for (let i = 0; i < 3; i++) allowance.take('mallory');
    expect(() => allowance.take('mallory')).toThrow(limited);
    allowance.take('ana');
  });

  test('says when there is room again, and then there is', () => {
    const { clock, allowance } = open(10, 60_000);
    allowance.take('ana', 4);
    clock.nowMs += 10_000;
    allowance.take('ana', 6);
    clock.nowMs += 5_000;
    const { detail } = thrownBy(() => allowance.take('ana', 3));
    expect(detail).toEqual({ retryAfterMs: 45_000 });
    clock.nowMs += 45_000 - 1;
    expect(() => allowance.take('ana', 3)).toThrow(limited);
    clock.nowMs += 1;
    allowance.take('ana', 3);
    expect(() => allowance.take('ana', 2)).toThrow(limited);
  });

  test('in no window of that length is more spent than that', () => {
    const { clock, allowance } = open(100, 1000);
    const spent: number[] = [];
    for (let i = 0; i < 4000; i++) {
      clock.nowMs += 1;
      try {
        allowance.take('mallory');
        spent.push(clock.nowMs);
      } catch {}
    }
    for (const at of spent) expect(spent.filter((t) => t > at - 1000 && t <= at).length).toBeLessThanOrEqual(100);
    expect(spent.length).toBeGreaterThan(300);
  });

  test('what is asked for and refused is not spent', () => {
    const { allowance } = open(10, 1000);
    for (let i = 0; i < 100; i++) expect(() => allowance.take('ana', 11)).toThrow(limited);
    allowance.take('ana', 10);
  });

  test('a clock that is set back gives no owner less than they have', () => {
    const { clock, allowance } = open(1, 1000);
    allowance.take('ana');
    clock.nowMs -= 500_000;
    allowance.take('ana');
  });

  test('strangers without number take no memory without end, and make no known owner wait', () => {
    const { allowance } = open(1, 1_000_000);
    allowance.spend('ana');
    for (let i = 0; i < 20_000; i++) allowance.take(`stranger ${i}`);
    allowance.take('ana');
  });
});

describe('InFlight', () => {
  test('an owner has so many at once, and a place that was given back twice is one', () => {
    const places = new InFlight('things', 2);
    const [first] = [places.enter('mallory'), places.enter('mallory')];
    expect(thrownBy(() => places.enter('mallory')).detail).toEqual({ retryAfterMs: 1000 });
    places.enter('ana');
    first?.();
    first?.();
    places.enter('mallory');
    expect(() => places.enter('mallory')).toThrow(limited);
  });
});

describe('Ephemeral', () => {
  test('where all places are taken, the owner who has the most gives up their oldest', () => {
    const kept = new Ephemeral<number>({ now: () => 0 }, 1000, { maxCount: 10, maxPerOwner: 8 });
    kept.put('ana', 1, 'ana');
    for (let i = 0; i < 8; i++) kept.put(`mallory ${i}`, i, 'mallory');
    for (let i = 0; i < 4; i++) kept.put(`ben ${i}`, i, 'ben');
    expect(kept.get('ana')).not.toBeNull();
    expect(kept.size).toBe(10);
    expect(kept.of('ben')).toEqual([0, 1, 2, 3]);
    expect(kept.of('mallory')).toEqual([3, 4, 5, 6, 7]);
  });

  test.each([
    ['sessions', limits.MAX_SESSIONS, limits.SESSIONS_A_CALLER],
    ['requests', limits.MAX_REQUESTS, limits.REQUESTS_A_KEY],
  ])('%s of many keys push out none of one who has a few', (_, maxCount, maxPerOwner) => {
    const kept = new Ephemeral<number>({ now: () => 0 }, 1000, { maxCount, maxPerOwner });
    kept.put('ana', 1, 'ana');
    for (let i = 0; i < maxCount + 100; i++) kept.put(`${i}`, i, `mallory ${i % 400}`);
    expect(kept.get('ana')).not.toBeNull();
    expect(kept.size).toBe(maxCount);
  });
});

describe('Challenges', () => {
  test('one key signs in so often while a challenge lives, and no other waits for it', () => {
    const clock = { nowMs: 0, now: () => 0, monotonic: () => clock.nowMs };
    const challenges = new Challenges(clock, platformRandom);
    for (let i = 0; i < limits.SIGN_INS_A_KEY; i++) challenges.consume(challenges.issue().nonce, 'mallory');
    const { nonce } = challenges.issue();
    expect(() => challenges.consume(nonce, 'mallory')).toThrow(limited);
    challenges.consume(challenges.issue().nonce, 'ana');
    clock.nowMs += limits.CHALLENGE_MS + 1;
    challenges.consume(challenges.issue().nonce, 'mallory');
  });

  test('a wall clock that was wrong for a moment bars no caller, and makes no challenge good for longer', () => {
    const clock = { wallMs: 1_800_000_000_000, nowMs: 0.5, now: () => clock.wallMs, monotonic: () => clock.nowMs };
    const challenges = new Challenges(clock, platformRandom);
    const signIn = () => challenges.consume(challenges.issue().nonce, 'ana');
    clock.wallMs += 30 * 86_400_000;
    signIn();
    const { nonce } = challenges.issue();
    clock.wallMs -= 30 * 86_400_000;
    for (let i = 0; i < 2 * limits.SIGN_INS_A_KEY; i++) {
      clock.nowMs += 600_000;
      signIn();
    }
    expect(() => challenges.require(nonce)).toThrow(expect.objectContaining({ code: 'challenge_unknown' }));
  });

  test('one that has been used is known for as long as it would be good, however many follow', () => {
    const challenges = new Challenges({ now: () => 0, monotonic: () => 0 }, platformRandom);
    const { nonce } = challenges.issue();
    challenges.consume(nonce, 'ana');
    for (let i = 0; i < 3_000; i++) challenges.consume(challenges.issue().nonce, `key ${i % 100}`);
    expect(() => challenges.require(nonce)).toThrow(expect.objectContaining({ code: 'challenge_unknown' }));
  });
});

describe('Shares', () => {
  const open = () => {
    const clock = { nowMs: 0, now: () => clock.nowMs };
    return { clock, shares: new Shares(clock) };
  };

  test.each([
    ['small', limits.REQUESTS_AT_ONCE_A_KEY],
    ['large', limits.LARGE_AT_ONCE_A_KEY],
    ['wait', limits.WAITS_AT_ONCE_A_KEY],
  ] as const)('of %s requests, one key has %i at once', (work, most) => {
    const { requests } = open().shares;
    for (let i = 0; i < most; i++) requests[work].enter('mallory');
    expect(() => requests[work].enter('mallory')).toThrow(limited);
    requests[work].enter('ana');
    for (const other of (['small', 'large', 'wait'] as const).filter((w) => w !== work))
      requests[other].enter('mallory');
  });

  test.each([
    ['appraisals', limits.APPRAISALS_AT_ONCE_A_KEY],
    ['acts', limits.ACTS_AT_ONCE_A_KEY],
    ['reads', limits.READS_AT_ONCE_A_HOST],
  ] as const)('has %s under way for one key: at most %i', async (what, most) => {
    const { shares } = open();
    const { promise, reject } = Promise.withResolvers<string>();
    const underWay = Array.from({ length: most }, () => shares[what].run('mallory', () => promise));
    let hasRun = false;
    const oneMore = shares[what].run('mallory', async () => {
      hasRun = true;
    });
    await expect(oneMore).rejects.toThrow(limited);
    expect(hasRun).toBe(false);
    expect(await shares[what].run('another', async () => 'done')).toBe('done');
    reject(new Error('a defect'));
    await Promise.allSettled(underWay);
    expect(await shares[what].run('mallory', async () => 'done')).toBe('done');
  });

  test.each([
    ['bodyBytes', limits.BODY_BYTES_A_MINUTE_A_KEY],
    ['uploads', limits.UPLOADS_AN_HOUR_A_KEY],
    ['failedSignIns', limits.FAILED_SIGN_INS_A_MINUTE],
  ] as const)('of %s, one owner spends %i in a window', (what, most) => {
    const { shares } = open();
    shares[what].take('mallory', most);
    expect(() => shares[what].take('mallory')).toThrow(limited);
    shares[what].take('ana');
  });

  test('one key records so much in an hour and in a day; what was refused does not count', async () => {
    const { shares, clock } = open();
    const record = () => shares.recording('mallory', async () => 'recorded');
    for (let i = 0; i < 100; i++) {
      await expect(shares.recording('mallory', () => Promise.reject(new Error('refused')))).rejects.toThrow();
    }
    let recorded = 0;
    for (let hour = 0; hour < 20; hour++) {
      for (let i = 0; i < limits.ENTRIES_AN_HOUR_A_KEY + 5; i++) {
        recorded += await record().then(
          () => 1,
          () => 0,
        );
      }
      if (hour === 0) expect(recorded).toBe(limits.ENTRIES_AN_HOUR_A_KEY);
      clock.nowMs += 61 * 60_000;
    }
    expect(recorded).toBe(limits.ENTRIES_A_DAY_A_KEY);
    await expect(record()).rejects.toThrow(/ in 1 day: try again in \d+ hours? /);
    expect(await shares.recording('ana', async () => 'recorded')).toBe('recorded');
  });
});
