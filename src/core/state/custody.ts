import type { Hex } from '../bytes.ts';
import type { EnvelopeName } from '../log/entry.ts';
import { committeeOf } from './committees.ts';
import type { Facts, Version } from './state.ts';

/** The custodians who can open a version today, as far as the log shows. Every page, command and verdict uses this. */
export interface Durability {
  /** Whether each custodian has opened and checked their share with each of their keys that are in use. */
  readonly durable: boolean;
  /** Envelopes that their custodians have not opened and checked yet. */
  readonly unconfirmed: readonly EnvelopeName[];
  /** Custodians who have opened and checked their share with a key that is in use. */
  readonly holders: readonly Hex[];
  /** Custodians who no longer hold a share: all their keys are retired. The vault no longer waits for them. */
  readonly without: readonly Hex[];
  /** The number of shares that open the version. */
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

/**
 * In one line, the same everywhere: `2 of 3 custodians have checked their share, any 2 shares open it; 1 holds none any
 * more`.
 */
export function durabilityText(
  counts: { readonly holders: number; readonly without: number; readonly threshold: number },
  members: number,
): string {
  const { holders, without, threshold } = counts;
  const none = without === 0 ? '' : `; ${without} ${without === 1 ? 'holds' : 'hold'} none any more`;
  return `${holders} of ${members} custodians have checked their share, any ${threshold} shares open it${none}`;
}
