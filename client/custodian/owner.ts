import type { Hex } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { looksAlike, looksOfPerson, newEffort } from '../../src/core/name/looks.ts';
import { personName } from '../../src/core/name/name.ts';
import { quoted } from '../../src/core/quoted.ts';
import { parseAs } from '../../src/core/schema.ts';
import { requireDistinctPerson } from '../../src/core/state/checks/names.ts';
import { committeeInForce } from '../../src/core/state/committees.ts';
import { isPending } from '../../src/core/state/lifecycle.ts';
import { standingOf } from '../../src/core/state/standing.ts';
import type { Facts } from '../../src/core/state/state.ts';

/** A person who can own a machine. */
export interface Owner {
  /** 16 bytes in hexadecimal. */
  readonly person: Hex;
  readonly name: string;
}

export interface Owners {
  readonly custodians: readonly Owner[];
  /** Owners of another machine who are no custodians. */
  readonly others: readonly Owner[];
  /** New owners in waiting enrolments, so that a second machine of theirs names the same person. */
  readonly proposed: readonly Owner[];
}

export function ownersOf(facts: Facts, nowMs: number): Owners {
  const { persons, proposals } = facts;
  const { members } = committeeInForce(facts);
  const custodians = members.map(({ person, name }) => ({ person, name }));
  const isMember = (id: Hex) => members.some(({ person }) => person === id);
  const others = [...persons]
    .filter(([person]) => !isMember(person))
    .map(([person, name]) => ({ person, name }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const proposed = new Map<Hex, Owner>();
  for (const proposal of proposals.values()) {
    const { statement } = proposal;
    if (statement.kind !== 'principal' || !isPending(standingOf(facts, proposal, nowMs))) continue;
    const { owner, ownerName } = statement.principal;
    if (!persons.has(owner)) proposed.set(owner, { person: owner, name: ownerName });
  }
  return { custodians, others, proposed: [...proposed.values()] };
}

/** All of them, the custodians first. */
export function allOwners({ custodians, others, proposed }: Owners): readonly Owner[] {
  return [...custodians, ...others, ...proposed];
}

/**
 * Finds the owner that a machine's file names. Null where no person has exactly this name, or two proposed persons
 * have.
 */
export function ownerNamed(owners: Owners, ownerName: string): Owner | null {
  const [named, ...rest] = allOwners(owners).filter(({ name }) => name === ownerName);
  return named === undefined || rest.length > 0 ? null : named;
}

/** Says why the owner's name in a machine's file matches no known person; null where it matches one. */
export function whyNoOwner(owners: Owners, ownerName: string): string | null {
  if (ownerNamed(owners, ownerName) !== null) return null;
  const effort = newEffort();
  const looks = looksOfPerson(ownerName);
  const alike = allOwners(owners).find(({ name }) => looksAlike(looks, looksOfPerson(name), effort));
  if (alike?.name === ownerName) return `Two persons called ${quoted(ownerName)} are proposed: ask which one is meant`;
  return alike === undefined
    ? `The log does not know its owner, ${quoted(ownerName)}: choose who answers for it, or enrol a new person with it`
    : `Its owner, ${quoted(ownerName)}, looks like ${quoted(alike.name)} and is another name: ask who made the key, then choose who answers for it`;
}

/**
 * Says why a new person cannot have a name; null where they can. The vault refuses a name that looks like a known one.
 */
export function whyNoNewOwner(owners: Owners, { person, name }: Owner): string | null {
  try {
    parseAs(personName, name, 'name');
    requireDistinctPerson(
      allOwners(owners).map((owner) => [owner.person, owner.name] as const),
      person,
      name,
    );
    return null;
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    return error.message;
  }
}
