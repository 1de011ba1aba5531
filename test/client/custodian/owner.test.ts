import { Map as PersistentMap } from 'immutable';
import { describe, expect, test } from 'vitest';
import { ownerNamed, ownersOf, whyNoNewOwner, whyNoOwner } from '../../../client/custodian/owner.ts';
import type { Facts, Proposal } from '../../../src/core/state/state.ts';

const id = (digit: number) => `${digit}`.repeat(32);
const members = ['alice', 'bob'].map((name, i) => ({ person: id(i), name, index: i + 1, groups: [] }));
const EXPIRES = 1_000;
const enrolment = (owner: string, ownerName: string, phase = 'open', ground: object = {}) =>
  ({
    phase,
    statement: {
      kind: 'principal',
      epoch: 1,
      policy: 'now',
      expires: EXPIRES,
      principal: { key: owner, name: ownerName, owner, ownerName },
      ...ground,
    },
  }) as Proposal;
const facts = {
  committee: { id: 'ab'.repeat(16), epoch: 1, threshold: 2, members },
  persons: PersistentMap([
    ...members.map(({ person, name }) => [person, name] as const),
    [id(5), 'mallory'],
    [id(4), 'erin'],
  ]),
  proposals: PersistentMap([
    ['a', enrolment(id(6), 'frank')],
    ['b', enrolment(id(6), 'frank')],
    ['c', enrolment(id(7), 'gone', 'denied')],
    ['d', enrolment(id(0), 'alice')],
    ['e', enrolment(id(8), 'twin')],
    ['f', enrolment(id(9), 'twin')],
    ['g', enrolment('a1'.repeat(16), 'overtaken', 'open', { policy: 'before' })],
    ['h', enrolment('a2'.repeat(16), 'expired', 'open', { expires: EXPIRES - 2 })],
    ['i', enrolment('a3'.repeat(16), 'Erin')],
  ]),
  principals: PersistentMap(),
  policy: { digest: 'now' },
} as unknown as Facts;
const owners = ownersOf(facts, EXPIRES - 1);

describe('the owner of a machine', () => {
  test('can be a custodian, who owns another machine, or whom an enrolment that waits would make known', () => {
    expect(owners).toEqual({
      custodians: [
        { person: id(0), name: 'alice' },
        { person: id(1), name: 'bob' },
      ],
      others: [
        { person: id(4), name: 'erin' },
        { person: id(5), name: 'mallory' },
      ],
      proposed: [
        { person: id(6), name: 'frank' },
        { person: id(8), name: 'twin' },
        { person: id(9), name: 'twin' },
      ],
    });
  });

  test('is whom the file names, so that a second machine of somebody is the same person’s', () => {
    expect(ownerNamed(owners, 'alice')?.person).toBe(id(0));
    expect(ownerNamed(owners, 'erin')?.person).toBe(id(4));
    expect(ownerNamed(owners, 'frank')?.person).toBe(id(6));
    for (const name of ['alice', 'erin', 'frank']) expect(whyNoOwner(owners, name)).toBeNull();
  });

  test('is not chosen for a name that nobody has, that only looks like one, or that two have who are proposed', () => {
    for (const name of ['grace', 'a1ice', 'twin']) expect(ownerNamed(owners, name)).toBeNull();
    expect(whyNoOwner(owners, 'grace')).toMatch(/^The log does not know its owner, “grace”/);
    expect(whyNoOwner(owners, 'a1ice')).toMatch(/^Its owner, “a1ice”, looks like “alice” and is another name/);
    expect(whyNoOwner(owners, 'twin')).toMatch(/^Two persons called “twin” are proposed/);
  });
});

describe('a new person', () => {
  const why = (name: string) => whyNoNewOwner(owners, { person: id(3), name });

  test('can be called what nobody is called', () => {
    expect(why('grace')).toBeNull();
  });

  test.each(['alice', 'a1ice', 'Erin', 'frank', 'ma11ory'])('cannot be called what looks like another: %s', (name) => {
    expect(why(name)).toMatch(/looks like “(alice|erin|frank|mallory)”, which is person /);
  });

  test.each(['', ' ', 'a\u200bb', 'x'.repeat(65)])('cannot be called what is no name: %j', (name) => {
    expect(why(name)).toMatch(/^name: expected/);
  });
});
