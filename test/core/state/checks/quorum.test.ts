import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tally } from '../../../../src/core/state/checks/quorum.ts';
import type { Committee, Vote } from '../../../../src/core/state/state.ts';

type Cast = Pick<Vote, 'person' | 'decision'>;

/** Persons a, b, c …; the groups are those of the even and the odd ones. */
function committee(threshold: number, size: number): Committee {
  const members = Array.from({ length: size }, (_, i) => ({
    person: String.fromCharCode(97 + i),
    name: `person ${i}`,
    index: i + 1,
    groups: [i % 2 === 0 ? 'even' : 'odd'],
  }));
  return { id: '00', epoch: 1, threshold, members };
}

/** `a+ b- …` as votes. */
const votes = (text: string): Cast[] =>
  text.split(' ').flatMap((one) => {
    const [person, sign] = one;
    return person === undefined ? [] : [{ person, decision: sign === '+' ? 'approve' : 'deny' }];
  });

const sizes = fc.integer({ min: 3, max: 8 }).chain((n) => fc.tuple(fc.integer({ min: 2, max: n - 1 }), fc.constant(n)));
const person = fc.constantFrom(...'abcdefghxyz');
const cast = fc.record({ person, decision: fc.constantFrom('approve' as const, 'deny' as const) });
const distinct = fc.uniqueArray(cast, { selector: (vote) => vote.person, maxLength: 11 });
const groups = fc.subarray(['even', 'odd']);
const barred = fc.subarray([...'abcdefgh'], { maxLength: 3 });

describe('a tally', () => {
  test.each([
    ['two approvals of two', 2, 4, '', '', 'a+ b+', { reached: true, wanting: 0, reachable: true }],
    ['one approval of two', 2, 4, '', '', 'a+', { reached: false, wanting: 1, reachable: true }],
    ['no vote', 2, 4, '', '', '', { reached: false, wanting: 2, reachable: true }],
    ['one person, two approvals (lesson)', 2, 4, '', '', 'a+ a+', { reached: false, wanting: 1, approvals: ['a'] }],
    [
      'an approval after one’s own denial',
      2,
      4,
      '',
      '',
      'a- a+ b+',
      { reached: false, approvals: ['b'], denials: ['a'] },
    ],
    ['somebody who is no member', 2, 4, '', '', 'a+ z+', { reached: false, wanting: 1 }],
    ['a barred person’s approval', 2, 4, '', 'b', 'a+ b+', { reached: false, wanting: 1, approvals: ['a'] }],
    ['a barred person’s denial', 2, 4, '', 'b', 'a+ b- c+', { reached: true, denials: [] }],
    ['as many barred as leave too few', 2, 3, '', 'a b', '', { reachable: false }],
    ['as many denials as leave too few', 2, 4, '', '', 'a- b- c-', { reachable: false }],
    ['a denial that leaves enough', 2, 4, '', '', 'a- b-', { reachable: true }],
    ['more approvals than needed', 2, 4, '', '', 'a+ b+ c+ d+', { reached: true, wanting: 0 }],
    [
      'a group without a member among the approvers',
      2,
      4,
      'odd',
      '',
      'a+ c+',
      { reached: false, missingGroups: ['odd'] },
    ],
    ['every group present', 2, 4, 'odd even', '', 'a+ b+', { reached: true, missingGroups: [] }],
    ['more groups than the threshold', 2, 4, 'odd even legal', '', 'a+ b+', { reached: false, reachable: false }],
    ['a group all of whose members have denied', 2, 4, 'odd', '', 'b- d-', { reachable: false }],
    ['a group all of whose members are barred', 2, 4, 'odd', 'b d', '', { reachable: false }],
  ])('counts %s', (_what, threshold, size, required, out, cast, expected) => {
    const list = (text: string) => text.split(' ').filter((one) => one !== '');
    expect(tally(committee(threshold, size), list(required), list(out), votes(cast))).toMatchObject(expected);
  });

  test.each([1, 0, -1, Number.NaN])('refuses a threshold of %s where it is used, too (lesson)', (threshold) => {
    const code = expect.objectContaining({ code: 'invalid_threshold' });
    expect(() => tally(committee(threshold, 4), [], [], votes('a+ b+'))).toThrow(code);
  });

  test('is the same in every order of the votes', () => {
    const ordered = fc
      .tuple(sizes, groups, barred, distinct)
      .chain(([size, required, out, all]) =>
        fc.tuple(fc.constant([size, required, out, all] as const), fc.shuffledSubarray(all, { minLength: all.length })),
      );
    fc.assert(
      fc.property(ordered, ([[[t, n], required, out, all], shuffled]) => {
        expect(tally(committee(t, n), required, out, shuffled)).toEqual(tally(committee(t, n), required, out, all));
      }),
    );
  });

  test('is never brought nearer to its quorum by a denial', () => {
    fc.assert(
      fc.property(sizes, groups, barred, distinct, person, ([t, n], required, out, all, who) => {
        const before = tally(committee(t, n), required, out, all);
        const after = tally(committee(t, n), required, out, [...all, { person: who, decision: 'deny' }]);
        expect(after.wanting).toBeGreaterThanOrEqual(before.wanting);
        expect(!before.reached && after.reached).toBe(false);
        expect(!before.reachable && after.reachable).toBe(false);
      }),
    );
  });

  test('never counts the barred, nor who is no member', () => {
    fc.assert(
      fc.property(sizes, groups, barred, distinct, ([t, n], required, out, all) => {
        const members = committee(t, n).members.map((member) => member.person);
        const counted = all.filter((vote) => members.includes(vote.person) && !out.includes(vote.person));
        const result = tally(committee(t, n), required, out, all);
        expect(result).toEqual(tally(committee(t, n), required, out, counted));
        expect([...result.approvals, ...result.denials].some((one) => out.includes(one))).toBe(false);
      }),
    );
  });

  test('never counts a person twice, and reaches nothing with fewer than two', () => {
    fc.assert(
      fc.property(sizes, fc.array(cast, { maxLength: 20 }), ([t, n], all) => {
        const { approvals, denials, reached } = tally(committee(t, n), [], [], all);
        expect(new Set([...approvals, ...denials]).size).toBe(approvals.length + denials.length);
        expect(reached).toBe(approvals.length >= t);
        expect(reached && approvals.length < 2).toBe(false);
      }),
    );
  });
});
