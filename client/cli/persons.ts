import { quoted } from '../../src/core/quoted.ts';
import type { Person } from '../../src/core/state/checks/persons.ts';
import { exactInstant } from '../display/exact.ts';
import { table } from './text.ts';

/** A person in a cell. The mark stands outside the quoted name, so a name cannot imitate it. */
export function marked({ name, custodian }: Person): string {
  return `${JSON.stringify(name)}${custodian ? '' : ' (no custodian)'}`;
}

/** A denial as the vault reports it; this machine has not verified the reason. */
export function deniesText({ reason }: { readonly reason: string | null }): string {
  return reason === null ? 'denies' : `denies, the vault says: ${quoted(reason)}`;
}

/** Lists each person once, with the id: a person can choose a name that looks like another person's. */
export function personLines(persons: readonly Person[]): readonly string[] {
  const each = [...new Map(persons.map((person) => [person.person, person])).values()];
  return table(
    ['PERSON', 'IS', 'ID', 'FIRST SEEN'],
    each.map(({ name, custodian, person, firstSeen }) => [
      JSON.stringify(name),
      custodian ? 'custodian' : 'no custodian',
      person,
      firstSeen === null ? 'never' : `entry ${firstSeen.index}, ${exactInstant(firstSeen.time)}`,
    ]),
  );
}
