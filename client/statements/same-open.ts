import type { Hex } from '../../src/core/bytes.ts';
import { digestOfObject } from '../../src/core/canonical.ts';
import { effectOf } from '../../src/core/state/kinds/table.ts';
import { isPending } from '../../src/core/state/lifecycle.ts';
import { reachOfStatement } from '../../src/core/state/reach.ts';
import { standingOf } from '../../src/core/state/standing.ts';
import type { Facts, Proposable, Proposal } from '../../src/core/state/state.ts';

/** Waiting proposals that ask for the same as a statement. */
export interface SameOpen {
  /** Signed by the same key: approving both would do no more than approving one. */
  readonly own: Proposal | null;
  /** Signed by another key. Its proposer can withdraw it once it has approvals, and others may have no vote on it. */
  readonly other: Proposal | null;
}

/**
 * Finds waiting proposals that ask for the same as `statement`. Leaves out a proposal that no quorum can approve. Leaves
 * out a proposal about its own proposer: a thief of a security key could propose to retire it, to block the custodians,
 * and withdraw that proposal later. Two releases never match, since their hosts have different keys.
 */
export function sameOpen(facts: Facts, statement: Proposable, nowMs: number): SameOpen {
  const wanted = contentOf(statement);
  const proposer = digestOfObject(statement.proposer);
  const isOwn = (proposal: Proposal) => digestOfObject(proposal.statement.proposer) === proposer;
  const same = [...facts.proposals.values()].filter(
    (proposal) =>
      proposal.statement.kind === statement.kind &&
      isPending(standingOf(facts, proposal, nowMs)) &&
      reachOfStatement(facts, proposal.statement, proposal.votes).reachable &&
      contentOf(proposal.statement) === wanted,
  );
  return {
    own: same.find(isOwn) ?? null,
    other: same.find((proposal) => !isOwn(proposal) && !isAboutItsProposer(facts, proposal)) ?? null,
  };
}

/** Returns whether the proposer has no vote because the proposal is about them. A publication bars every proposer. */
function isAboutItsProposer(facts: Facts, { statement }: Proposal): boolean {
  return (
    statement.kind !== 'publish' && effectOf(statement).barred(facts, statement).includes(statement.proposer.person)
  );
}

/**
 * The digest of what a statement asks for, without the proposer, the times, the reason, the policy and the log size.
 */
function contentOf(statement: Proposable): Hex {
  const { v, grade, vault, committee, epoch, policy, base, proposer, nonce, logSize, created, expires, ...content } =
    statement;
  return digestOfObject('reason' in content ? { ...content, reason: '' } : content);
}
