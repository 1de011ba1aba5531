import { looksAlike, looksOfPerson, newEffort } from '../../src/core/name/looks.ts';
import type { Facts } from '../../src/core/state/state.ts';

/**
 * Why the person whom a machine's key names as its owner is not one that the console can choose: it enrols the keys of
 * custodians alone. Null for the name of a custodian. `ownerName` is what the key's file says.
 */
export function whyNoOwner({ committee: { members } }: Pick<Facts, 'committee'>, ownerName: string): string | null {
  if (members.some(({ name }) => name === ownerName)) return null;
  const effort = newEffort();
  const looks = looksOfPerson(ownerName);
  const alike = members.find(({ name }) => looksAlike(looks, looksOfPerson(name), effort));
  const choose = 'choose the custodian who answers for it';
  return alike === undefined
    ? `Its owner, “${ownerName}”, is not a custodian, and this page enrols custodians’ machines alone: ${choose}`
    : `Its owner, “${ownerName}”, looks like “${alike.name}” and is another name: ask who made the key, then ${choose}`;
}
