import { must } from '../../errors.ts';
import { type Looks, looksAlike, looksOf, looksOfIdentifier, looksOfPerson, newEffort } from '../../name/looks.ts';
import { quoted } from '../../quoted.ts';
import type { PrincipalRecord } from '../../statement/statement.ts';
import { type EnrolledAuthenticator, type Facts, versionKey } from '../state.ts';

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
  const effort = newEffort();
  for (const [other, otherName] of known) {
    must(
      other === person || !looksAlike(looks, looksOfPerson(otherName), effort),
      'person_exists',
      `the name ${quoted(name)} looks like ${quoted(otherName)}, which is person ${other}: add what tells them apart, such as a middle name`,
      { person: other },
    );
  }
}

/**
 * A person tells their authenticators apart by name. Throws `credential_exists` where the name looks like that of
 * another of the same person's, in use or retired.
 */
export function requireDistinctAuthenticator(
  known: Iterable<Pick<EnrolledAuthenticator, 'person' | 'name'>>,
  { person, name }: Pick<EnrolledAuthenticator, 'person' | 'name'>,
): void {
  const looks = looksOf(name);
  const effort = newEffort();
  for (const other of known) {
    must(
      other.person !== person || !looksAlike(looks, looksOf(other.name), effort),
      'credential_exists',
      `the security key’s name ${quoted(name)} looks like ${quoted(other.name)}, which person ${person} has enrolled: take a name that differs by more`,
    );
  }
}

/** As requireDistinctAuthenticator, each among those before it. */
export function requireDistinctAuthenticators(
  authenticators: readonly Pick<EnrolledAuthenticator, 'person' | 'name'>[],
): void {
  for (const [i, authenticator] of authenticators.entries()) {
    requireDistinctAuthenticator(authenticators.slice(0, i), authenticator);
  }
}

/**
 * A key's name is its owner's, retired keys included, in one spelling. Throws `principal_exists` where it looks like
 * that of a known key of another owner, or of another spelling.
 */
export function requireDistinctKeyName(known: Iterable<PrincipalRecord>, principal: PrincipalRecord): void {
  const looks = looksOf(principal.name);
  const effort = newEffort();
  for (const other of known) requireDistinct(principal, other, () => looksAlike(looks, looksOf(other.name), effort));
}

/** As requireDistinctKeyName, each of the keys among those before it. */
export function requireDistinctKeyNames(principals: readonly PrincipalRecord[]): void {
  const looks = principals.map(({ name }) => looksOf(name));
  const effort = newEffort();
  for (const [i, principal] of principals.entries()) {
    const isAlike = (j: number) => looksAlike(looks[i] as Looks, looks[j] as Looks, effort);
    for (const [j, other] of principals.slice(0, i).entries()) requireDistinct(principal, other, () => isAlike(j));
  }
}

function requireDistinct({ name, owner }: PrincipalRecord, other: PrincipalRecord, isAlike: () => boolean): void {
  const isSame = other.name === name && other.owner === owner;
  must(
    isSame || !isAlike(),
    'principal_exists',
    `the key’s name ${quoted(name)} looks like ${quoted(other.name)}, a key of ${quoted(other.ownerName)}, person ${other.owner}: take a name that differs by more`,
  );
}

/** Throws `invalid_name` where two groups that are not the same look alike. */
export function requireDistinctGroups(groups: Iterable<string>): void {
  const known: (readonly [string, Looks])[] = [];
  const effort = newEffort();
  for (const group of new Set(groups)) {
    const looks = looksOf(group);
    const alike = known.find(([, before]) => looksAlike(before, looks, effort));
    must(alike === undefined, 'invalid_name', `the groups ${alike?.[0]} and ${group} look alike: rename one of them`);
    known.push([group, looks]);
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

/** A person has one name, which does not look like another person's. Throws `person_exists`. */
export function withOwner(persons: Facts['persons'], { owner, ownerName }: PrincipalRecord): Facts['persons'] {
  const known = persons.get(owner);
  must(
    known === undefined || known === ownerName,
    'person_exists',
    `person ${owner} has the name ${quoted(known ?? owner)}, not ${quoted(ownerName)}`,
  );
  requireDistinctPerson(persons, owner, ownerName);
  return persons.set(owner, ownerName);
}
