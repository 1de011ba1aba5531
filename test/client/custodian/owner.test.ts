import { expect, test } from 'vitest';
import { whyNoOwner } from '../../../client/custodian/owner.ts';
import type { Facts } from '../../../src/core/state/state.ts';

const members = ['alice', 'bob'].map((name, i) => ({ person: `${i}`.repeat(32), name, index: i + 1, groups: [] }));
const facts = { committee: { id: 'ab'.repeat(16), epoch: 1, threshold: 2, members } } as Pick<Facts, 'committee'>;

test('an owner who is a custodian can be chosen', () => {
  expect(whyNoOwner(facts, 'alice')).toBeNull();
});

test('one who is none, and one whose name only looks like a custodian’s, cannot: the page says why', () => {
  expect(whyNoOwner(facts, 'erin')).toMatch(/^Its owner, “erin”, is not a custodian/);
  expect(whyNoOwner(facts, 'a1ice')).toMatch(/^Its owner, “a1ice”, looks like “alice” and is another name/);
});
