import type { Hex } from '../bytes.ts';
import { must } from '../errors.ts';
import type { Committee, Facts } from './state.ts';

/** A document that names a committee: a statement, a version, or the core of a manifest. */
export interface NamesCommittee {
  /** Id of the committee. */
  readonly committee: Hex;
  readonly epoch: number;
}

/** The committee that decides now. For acts that no statement and no version names, such as a deposit or a sign-in. */
export function committeeInForce({ committee }: Pick<Facts, 'committee'>): Committee {
  return committee;
}

/**
 * The committee that decides on a statement, or that holds the shares of a version. A vault has one committee, that of
 * genesis: the fold takes no statement and no deposit that names another. Throws `wrong_committee` or `wrong_epoch`.
 */
export function committeeOf(facts: Pick<Facts, 'committee'>, named: NamesCommittee): Committee {
  const committee = committeeInForce(facts);
  requireCommitteeId(committee, named);
  requireEpoch(committee, named);
  return committee;
}

/** Throws `wrong_committee` unless it names a committee of this vault, of whatever epoch. */
export function requireCommitteeId(
  { id }: Pick<Committee, 'id'>,
  { committee }: Pick<NamesCommittee, 'committee'>,
): void {
  must(committee === id, 'wrong_committee', `expected committee ${id}, got ${committee}`);
}

/** Throws `wrong_epoch`. */
export function requireEpoch(
  { epoch: expected }: Pick<Committee, 'epoch'>,
  { epoch }: Pick<NamesCommittee, 'epoch'>,
): void {
  must(epoch === expected, 'wrong_epoch', `expected epoch ${expected}, got ${epoch}`);
}
