import type { Hex } from '../../src/core/bytes.ts';
import { digestOfObject } from '../../src/core/canonical.ts';
import { effectOf } from '../../src/core/state/kinds/table.ts';
import { isPending } from '../../src/core/state/lifecycle.ts';
import { reachOfStatement } from '../../src/core/state/reach.ts';
import { standingOf } from '../../src/core/state/standing.ts';
import type { Facts, Proposable, Proposal } from '../../src/core/state/state.ts';

/** Proposals that wait and say the same as a statement. */
export interface SameOpen {
  /** Signed by the same key: approving both would do no more than approving one. */
  readonly own: Proposal | null;
  /** Signed by another key. Its proposer can withdraw it once it has approvals, and others may have no vote on it. */
  readonly other: Proposal | null;
}

/**
 * What waits and says the same. One that no quorum can approve is no reason not to ask again, perhaps by another; nor is
 * one whose proposer is its subject: who has stolen a key proposes its retirement to withdraw it. A release is always
 * another, since its hosts’ keys are.
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

/** Whether who proposed it has no vote since it is about them. A publication bars everybody who proposes it. */
function isAboutItsProposer(facts: Facts, { statement }: Proposal): boolean {
  return (
    statement.kind !== 'publish' && effectOf(statement).barred(facts, statement).includes(statement.proposer.person)
  );
}

/** What a statement asks for, apart from who asks, when, why and on what ground. */
function contentOf(statement: Proposable): Hex {
  const { v, grade, vault, committee, epoch, policy, base, proposer, nonce, logSize, created, expires, ...content } =
    statement;
  return digestOfObject('reason' in content ? { ...content, reason: '' } : content);
}
