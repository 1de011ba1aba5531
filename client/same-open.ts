import type { Hex } from '../src/core/bytes.ts';
import { digestOfObject } from '../src/core/canonical.ts';
import { reachOfStatement } from '../src/core/state/reach.ts';
import { isPending, standingOf } from '../src/core/state/standing.ts';
import type { Facts, Proposable, Proposal } from '../src/core/state/state.ts';

/**
 * A proposal that waits and says the same: approving both would do no more than approving one. Null where there is none;
 * one that no quorum can approve is no reason not to ask again, perhaps by another. A release is always another, since its
 * hosts’ keys are.
 */
export function sameOpen(facts: Facts, statement: Proposable, nowMs: number): Proposal | null {
  const wanted = contentOf(statement);
  const isSame = (proposal: Proposal) =>
    proposal.statement.kind === statement.kind &&
    isPending(standingOf(facts, proposal, nowMs)) &&
    reachOfStatement(facts, proposal.statement, proposal.votes).reachable &&
    contentOf(proposal.statement) === wanted;
  return facts.proposals.find(isSame) ?? null;
}

/** What a statement asks for, apart from who asks, when, why and on what ground. */
function contentOf(statement: Proposable): Hex {
  const { v, grade, vault, committee, epoch, policy, base, proposer, nonce, created, expires, ...content } = statement;
  return digestOfObject('reason' in content ? { ...content, reason: '' } : content);
}
