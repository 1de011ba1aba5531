import { expect, test } from 'vitest';
import { marked, personLines } from '../../../client/cli/persons.ts';

const ANA = { person: '0a'.repeat(16), name: 'ana', custodian: true, firstSeen: { index: 0, time: 1_767_225_600_000 } };
const CAROL = { ...ANA, person: '0b'.repeat(16), name: 'carol', custodian: false, firstSeen: { index: 7, time: 1 } };

test('persons are listed once, by id, with what they are and when they were first seen', () => {
  expect(personLines([ANA, CAROL, ANA])).toEqual([
    'PERSON   IS            ID                                FIRST SEEN',
    `"ana"    custodian     ${ANA.person}  entry 0, 2026-01-01 00:00:00.000Z`,
    `"carol"  no custodian  ${CAROL.person}  entry 7, 1970-01-01 00:00:00.001Z`,
  ]);
});

test('the mark is of the id, not of the name', () => {
  expect(marked(ANA)).toBe('"ana"');
  expect(marked({ ...CAROL, name: 'ana' })).toBe('"ana" (no custodian)');
  expect(marked({ ...CAROL, name: 'ana" and "carol' })).toBe('"ana\\" and \\"carol" (no custodian)');
});
