import type { Hex } from '../../bytes.ts';
import { quoted } from '../../quoted.ts';
import { committeeInForce } from '../committees.ts';
import type { Facts, LogPlace } from '../state.ts';

/** A person as every page and command names them: a name alone may be made to look like another's. */
export interface Person {
  /** 16 bytes in hexadecimal. The proposer of the person chose it, so a part of it proves nothing. */
  readonly person: Hex;
  readonly name: string;
  /** A member of the committee, by id. */
  readonly custodian: boolean;
  /** The entry that made them known; null where none has. */
  readonly firstSeen: LogPlace | null;
}

/** The log's knowledge of a person. `proposedName` is the name for a person that the log does not know. */
export function personOf(facts: Facts, person: Hex, proposedName = person): Person {
  const { persons, firstSeen } = facts;
  return {
    person,
    name: persons.get(person) ?? proposedName,
    custodian: committeeInForce(facts).members.some((member) => member.person === person),
    firstSeen: firstSeen.get(person) ?? null,
  };
}

/** The same in one line. */
export function personText({ name, custodian, person }: Omit<Person, 'firstSeen'>): string {
  return `${quoted(name)}, ${custodian ? 'custodian' : 'no custodian'}, id ${person}`;
}

/** Persons whom this entry has made known were first seen in it. None is ever forgotten. */
export function withFirstSeen(facts: Facts, { index, time }: LogPlace): Facts {
  const { persons, firstSeen } = facts;
  if (persons.size === firstSeen.size) return facts;
  return { ...facts, firstSeen: persons.map((_name, person) => firstSeen.get(person) ?? { index, time }) };
}
