import type { Hex } from '../bytes.ts';
import type { EnvelopeName } from '../log/entry.ts';
import { committeeOf } from './committees.ts';
import type { Facts, Version } from './state.ts';

/** Who can open a version today, as far as the log shows it: the one notion of it for every page, command and verdict. */
export interface Durability {
  /** Nothing is left to confirm: with every key in use its custodian has opened and checked their share. */
  readonly durable: boolean;
  /** Envelopes whose custodians have not opened and checked them yet. */
  readonly unconfirmed: readonly EnvelopeName[];
  /** Custodians who have opened and checked their share with a key that is in use. */
  readonly holders: readonly Hex[];
  /** Custodians who hold no share any more: all their keys are retired, and are waited for no longer. */
  readonly without: readonly Hex[];
  /** How many shares open it. */
  readonly threshold: number;
}

export function durabilityOf(
  facts: Pick<Facts, 'authenticators' | 'committee'>,
  version: Pick<Version, 'committee' | 'epoch' | 'envelopes' | 'confirmed'>,
): Durability {
  const { authenticators } = facts;
  const { envelopes, confirmed } = version;
  const committee = committeeOf(facts, version);
  const inUse = envelopes.filter(({ credential }) => authenticators.get(credential)?.retiredAt === null);
  const unconfirmed = inUse.filter(({ credential }) => !confirmed.includes(credential));
  const persons = committee.members.map(({ person }) => person);
  return {
    durable: unconfirmed.length === 0,
    unconfirmed,
    holders: persons.filter((id) =>
      inUse.some(({ person, credential }) => person === id && confirmed.includes(credential)),
    ),
    without: persons.filter((id) => !inUse.some(({ person }) => person === id)),
    threshold: committee.threshold,
  };
}

/** In one line, the same everywhere: `2 of 3 custodians have checked their share, any 2 shares open it; 1 holds none any more`. */
export function durabilityText(
  counts: { readonly holders: number; readonly without: number; readonly threshold: number },
  members: number,
): string {
  const { holders, without, threshold } = counts;
  const none = without === 0 ? '' : `; ${without} ${without === 1 ? 'holds' : 'hold'} none any more`;
  return `${holders} of ${members} custodians have checked their share, any ${threshold} shares open it${none}`;
}
