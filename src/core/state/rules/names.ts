import { must } from '../../errors.ts';
import { looksAlike, looksOf, looksOfIdentifier, looksOfPerson } from '../../name/looks.ts';
import type { PrincipalRecord } from '../../statement/statement.ts';
import { type Facts, versionKey } from '../state.ts';

/**
 * Names are compared by eye, so a name is its looks (core/name/FORMAT.md): a person whose name looks like another's is
 * refused at the entry that first records the name.
 */

/** Throws `person_exists` where the name looks like that of another of the known persons, naming that person. */
export function requireDistinctPerson(
  known: Iterable<readonly [person: string, name: string]>,
  person: string,
  name: string,
): void {
  const looks = looksOfPerson(name);
  for (const [other, otherName] of known) {
    must(
      other === person || !looksAlike(looks, looksOfPerson(otherName)),
      'person_exists',
      `the name “${name}” looks like “${otherName}”, which is person ${other}: add what tells them apart, such as a middle name`,
      { person: other },
    );
  }
}

/**
 * A key's name is its owner's, retired keys included, in one spelling. Throws `principal_exists` where it looks like
 * that of a known key of another owner, or of another spelling.
 */
export function requireDistinctKeyName(known: Iterable<PrincipalRecord>, { name, owner }: PrincipalRecord): void {
  const looks = looksOf(name);
  for (const other of known) {
    const isSame = other.name === name && other.owner === owner;
    must(
      isSame || !looksAlike(looks, looksOf(other.name)),
      'principal_exists',
      `the key’s name “${name}” looks like “${other.name}”, a key of “${other.ownerName}”, person ${other.owner}: take a name that differs by more`,
    );
  }
}

/** As requireDistinctKeyName, each of the keys among those before it. */
export function requireDistinctKeyNames(principals: readonly PrincipalRecord[]): void {
  for (const [i, principal] of principals.entries()) requireDistinctKeyName(principals.slice(0, i), principal);
}

/** Throws `invalid_name` where two groups that are not the same look alike. */
export function requireDistinctGroups(groups: Iterable<string>): void {
  const distinct = [...new Set(groups)];
  for (const [i, group] of distinct.entries()) {
    const other = distinct.slice(0, i).find((before) => looksAlike(looksOf(before), looksOf(group)));
    must(other === undefined, 'invalid_name', `the groups ${other} and ${group} look alike: rename one of them`);
  }
}

/**
 * The names of namespaces, models and versions by their looks, with those of a new version. Throws `invalid_name` where
 * one of the new ones looks like another that is known.
 */
export function withSpellings(spellings: Facts['spellings'], model: string, version: string): Facts['spellings'] {
  const namespace = model.split('/', 1)[0] as string;
  const named = [
    [looksOfIdentifier(namespace), namespace],
    [looksOfIdentifier(model), model],
    [versionKey(model, looksOfIdentifier(version)), versionKey(model, version)],
  ] as const;
  return named.reduce((known, [look, name]) => {
    const spelt = known.get(look, name);
    must(spelt === name, 'invalid_name', `${name} looks like ${spelt}, which is known: use that name, or another`);
    return known.set(look, name);
  }, spellings);
}
