import type { Hex } from '../../bytes.ts';
import { must } from '../../errors.ts';
import type { Committee, Facts, Vote } from '../state.ts';

/** The result of a set of votes. */
export interface Tally {
  readonly approvals: readonly Hex[];
  readonly denials: readonly Hex[];
  /** Groups that policy wants among the approvers and that are not. */
  readonly missingGroups: readonly string[];
  /** Approvals still wanted. */
  readonly wanting: number;
  readonly reached: boolean;
  /** Whether the custodians who have not denied could still reach the quorum. */
  readonly reachable: boolean;
}

/**
 * Counts distinct persons, never rows, keys or signatures (design: style, rule 12).
 *
 * `votes` must have been verified. A vote of a person who is no member or is `barred` counts for nothing,
 * and so does a second one. Throws `invalid_threshold` below 2: checked here too, because elsewhere a
 * threshold of zero let everything pass.
 */
export function tally(
  committee: Committee,
  requiredGroups: readonly string[],
  barred: readonly Hex[],
  votes: readonly Pick<Vote, 'person' | 'decision'>[],
): Tally {
  must(committee.threshold >= 2, 'invalid_threshold', `expected a threshold of 2 or more, got ${committee.threshold}`);
  const eligible = committee.members.filter((member) => !barred.includes(member.person));
  const decisionOf = (person: Hex) => votes.find((vote) => vote.person === person)?.decision;
  const approving = eligible.filter((member) => decisionOf(member.person) === 'approve');
  const denying = eligible.filter((member) => decisionOf(member.person) === 'deny');
  const possible = eligible.filter((member) => !denying.includes(member));
  const lacks = (members: typeof eligible) =>
    requiredGroups.filter((group) => !members.some((member) => member.groups.includes(group)));
  const missingGroups = lacks(approving);
  const wanting = Math.max(0, committee.threshold - approving.length);
  return {
    approvals: approving.map((member) => member.person),
    denials: denying.map((member) => member.person),
    missingGroups,
    wanting,
    reached: wanting === 0 && missingGroups.length === 0,
    reachable: possible.length >= committee.threshold && lacks(possible).length === 0,
  };
}

/** Those votes whose authenticator is in use still: a person who has left since counts for nothing. */
export function validVotes({ authenticators }: Pick<Facts, 'authenticators'>, votes: readonly Vote[]): readonly Vote[] {
  return votes.filter(({ credential }) => authenticators.get(credential)?.retiredAt === null);
}
