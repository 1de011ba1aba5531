import type { Hex } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { committeeOf } from '../../src/core/state/committees.ts';
import { currentTally } from '../../src/core/state/entries/approval.ts';
import { effectOf } from '../../src/core/state/kinds/table.ts';
import { isPending, isRelease, type Standing, unknownProposalText } from '../../src/core/state/lifecycle.ts';
import type { Overtaking } from '../../src/core/state/overtaking.ts';
import { isPolicyInForce, policyAt, policyOf, withPolicy } from '../../src/core/state/policies.ts';
import { type Reach, reachOfStatement } from '../../src/core/state/reach.ts';
import { overtakenBy, standingOf } from '../../src/core/state/standing.ts';
import type { Facts, Member, Proposable, Proposal, Version, Vote } from '../../src/core/state/state.ts';
import { comparisonCode, REQUEST_WORDS } from '../../src/core/statement/comparison-code.ts';
import type { Policy } from '../../src/core/statement/policy.ts';
import type { StatementOf } from '../../src/core/statement/statement.ts';
import type { Replica } from '../log/replica.ts';
import { propositionAgain } from './again.ts';
import { type Alike, alikeEnrolments } from './alike.ts';
import type { Custodian } from './ceremony.ts';
import { differences, type ReleaseDifference } from './differences.ts';
import { appraiseHosts, type HostReview } from './host-review.ts';
import { denialObstaclesOf, type Obstacle, obstaclesOf } from './obstacles.ts';
import { type Difference, policyDifferences } from './policy-diff.ts';
import { policyNamed } from './policy-named.ts';
import type { Proposition } from './propose.ts';

/** Whom an approval would serve: the proposer's person, and the key they used. */
interface Asked {
  readonly person: Hex;
  readonly name: string;
  /** The name of a principal's key; null where a custodian asks. */
  readonly key: string | null;
  readonly reason: string | null;
  readonly created: number;
  readonly expires: number;
  /** Entries of the log that the proposer knew. */
  readonly logSize: number;
}

export interface PolicyChange {
  /** As it would be. */
  readonly policy: Policy;
  readonly differences: readonly Difference[];
}

interface ReviewedVote extends Vote {
  readonly name: string;
}

/**
 * Everything that an approver must judge, in the order in which it is shown (design: webauthn, "Page").
 * All of it comes from the replica, and so from the fingerprint; nothing is as the vault says.
 */
export interface Review {
  readonly digest: Hex;
  readonly grade: Facts['genesis']['grade'];
  readonly proposal: Proposal;
  readonly standing: Standing;
  /** The cause that has overtaken it; null if none has. */
  readonly overtaken: Overtaking | null;
  /** The custodians who can still approve it; null if it is not open. */
  readonly reach: Reach | null;
  /** The effect of this custodian’s decision; null if they cannot decide. */
  readonly decisions: {
    readonly wantingAfterApproval: { readonly wanting: number; readonly missingGroups: readonly string[] };
    /** Custodians who have not decided, and can still approve it. */
    readonly othersAfterDenial: number;
    /** Whether those, with the approvals that count, are a quorum. */
    readonly isReachableAfterDenial: boolean;
    readonly isDeniedAtOnce: boolean;
  } | null;
  /** It has not been decided, overtaken, nor ended otherwise. */
  readonly isPending: boolean;
  /** The same, to be proposed on the ground of today; null where that makes no sense. */
  readonly again: Proposition | null;
  readonly statement: Proposable;
  /** What: the version that the statement is about; null where it is about none. */
  readonly version: Version | null;
  readonly asked: Asked;
  /** The policy that the statement rests on: the one that was in force when it was proposed, not that of today. */
  readonly policy: {
    readonly digest: Hex;
    /** The entry that had put it in force. */
    readonly since: number;
    readonly isInForce: boolean;
    readonly threshold: number;
    readonly groups: readonly string[];
    readonly members: readonly Member[];
    readonly votes: readonly ReviewedVote[];
    /** Approvals and groups that its quorum still wants; none once it has been decided. */
    readonly wanting: number;
    readonly missingGroups: readonly string[];
    /** Persons who have no vote on it: who asked, and whom it is about. */
    readonly barred: readonly Hex[];
  };
  readonly hosts: readonly HostReview[];
  /** Against the last executed release of the same model; null where there is none, or for other kinds. */
  readonly changes: readonly ReleaseDifference[] | null;
  /** The change of policy, field by field; null for other kinds. */
  readonly policyChange: PolicyChange | null;
  /** Enrolments that wait beside this one under names that look like its own. */
  readonly alike: readonly Alike[];
  /** Four words, to be compared on a second screen. */
  readonly code: string;
  /** Why this custodian cannot approve it here and now; `approve` throws where there is one. */
  readonly obstacles: readonly Obstacle[];
  /** Why this custodian cannot deny it; empty where the fold may take a denial. */
  readonly denialObstacles: readonly Obstacle[];
}

/**
 * Reviews a proposal. `replica` has been extended by the caller; the evidence of every host is fetched, held
 * against its digest and appraised again, at the vault's instant and at this workstation's clock. Throws
 * `proposal_unknown`, `object_missing`, `object_mismatch` and the transport's codes.
 */
export async function review(custodian: Custodian, replica: Replica, digest: Hex): Promise<Review> {
  const { facts } = replica;
  const proposal = facts.proposals.get(digest);
  must(proposal !== undefined, 'proposal_unknown', unknownProposalText(digest));
  const { statement } = proposal;
  const standing = standingOf(facts, proposal, custodian.now());
  const nowMs = isPending(standing) ? custodian.now() : null;
  const hosts = statement.kind === 'release' ? await appraiseHosts(replica, statement, nowMs, custodian.verify) : [];
  const judged = [facts, proposal, custodian.person, custodian.now()] as const;
  return {
    digest,
    grade: facts.genesis.grade,
    proposal,
    standing,
    overtaken: standing === 'overtaken' ? overtakenBy(facts, statement) : null,
    reach: standing === 'open' ? reachOfStatement(facts, statement, proposal.votes) : null,
    decisions: standing === 'open' ? decisionsOf(facts, proposal, custodian) : null,
    isPending: isPending(standing),
    again: await propositionAgain(replica, proposal, custodian.now()),
    statement,
    version: versionOf(facts, statement),
    asked: askedOf(facts, statement),
    policy: shownPolicy(
      facts,
      proposal,
      isPending(standing) || standing === 'overtaken',
      await policyNamed(replica, statement.policy),
    ),
    hosts,
    changes: statement.kind === 'release' ? await differences(replica, statement, hosts) : null,
    policyChange: statement.kind === 'policy' ? await policyChangeOf(replica, statement) : null,
    alike: standing === 'open' ? alikeEnrolments(facts, proposal, custodian.now()) : [],
    code: comparisonCode(digest, REQUEST_WORDS),
    obstacles: [...obstaclesOf(...judged), ...hosts.flatMap((host) => host.obstacles)],
    denialObstacles: denialObstaclesOf(...judged),
  };
}

/** Against the policy that the statement rests on, also where another has been put in force since. */
async function policyChangeOf(replica: Replica, { base, document }: StatementOf<'policy'>): Promise<PolicyChange> {
  const [before, policy] = [await policyNamed(replica, base), await policyNamed(replica, document)];
  return { policy, differences: policyDifferences(before, policy) };
}

/** By the rule of the fold itself, with a vote that no person has cast. */
export function decisionsOf(
  facts: Facts,
  proposal: Proposal,
  { person, credential }: Pick<Custodian, 'person' | 'credential'>,
): Review['decisions'] {
  const { statement, votes } = proposal;
  const isBarred = effectOf(statement).barred(facts, statement).includes(person);
  if (isBarred || votes.some((vote) => vote.person === person)) return null;
  const after = (decision: Vote['decision']) => {
    const vote = { person, credential, decision, reason: null, index: proposal.index, time: proposal.time };
    return { statement, votes: [...votes, vote] };
  };
  const { wanting, missingGroups } = currentTally(facts, after('approve'));
  const denied = after('deny');
  const { able, reachable } = reachOfStatement(facts, statement, denied.votes);
  const isVetoed = policyOf(facts, statement).document.veto && isRelease(proposal);
  return {
    wantingAfterApproval: { wanting, missingGroups },
    othersAfterDenial: able.filter((other) => !votes.some((vote) => vote.person === other)).length,
    isReachableAfterDenial: reachable,
    isDeniedAtOnce: isVetoed || !currentTally(facts, denied).reachable,
  };
}

function versionOf(facts: Facts, statement: Proposable): Version | null {
  if (statement.kind !== 'release' && statement.kind !== 'publish') return null;
  return facts.versions.get(statement.manifest) ?? null;
}

function askedOf(facts: Facts, statement: Proposable): Asked {
  const { proposer, created, expires, logSize } = statement;
  return {
    person: proposer.person,
    name: facts.persons.get(proposer.person) ?? proposer.person,
    key: proposer.kind === 'principal' ? (facts.principals.get(proposer.key)?.name ?? proposer.key) : null,
    reason: 'reason' in statement ? statement.reason : null,
    created,
    expires,
    logSize,
  };
}

function shownPolicy(facts: Facts, proposal: Proposal, isWaiting: boolean, document: Policy): Review['policy'] {
  const { digest, since } = policyAt(facts, proposal.index);
  const { threshold, members } = committeeOf(facts, proposal.statement);
  const { groups } = document;
  const counted = currentTally(withPolicy(facts, { digest, document }), proposal);
  const { wanting, missingGroups } = isWaiting ? counted : { wanting: 0, missingGroups: [] };
  const votes = proposal.votes.map((vote) => ({ ...vote, name: facts.persons.get(vote.person) ?? vote.person }));
  const isInForce = isPolicyInForce(facts, digest);
  const barred = effectOf(proposal.statement).barred(facts, proposal.statement);
  return { digest, since, isInForce, threshold, groups, members, votes, wanting, missingGroups, barred };
}
