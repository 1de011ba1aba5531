import { toHex, ZERO_32 } from '../../bytes.ts';
import { type StatementOf, statementDigest } from '../../statement/statement.ts';
import { MAX_SKEW_MS } from '../judgement.ts';
import type { Proposal } from '../state.ts';
import type { Effect } from './effect.ts';

/**
 * The way back for a log whose clock is ahead of true time, because a custodian's clock and the vault's were wrong
 * together: the approvals of a quorum attest the true time, and the log's clock is the latest of theirs. One of them
 * is honest, so nobody sets it further back than that. No lease gains by it: what is dated later counts as begun at
 * that time, and what was proposed later has ended. That the log's clock is ahead, each approver's client checks by
 * its own clock; where it is not, the correction changes nothing.
 */
export const clockEffect: Effect<StatementOf<'clock'>> = {
  base: () => toHex(ZERO_32),
  barred: () => [],
  propose: (facts) => ({ facts, claims: [] }),
  approve: () => undefined,
  execute(facts, statement, entries, last) {
    const { votes = [] } = facts.proposals.get(statementDigest(statement)) ?? {};
    const attestedMs = Math.max(last.time, ...votes.map(({ time }) => time));
    const proposals = facts.proposals.map((proposal) => asOf(attestedMs, proposal));
    return {
      ...facts,
      attestedMs,
      proposals,
      proposedPolicies: facts.proposedPolicies.filter((_, digest) => proposals.get(digest)?.phase === 'open'),
      granted: facts.granted.map((grant) => ({ ...grant, time: Math.min(grant.time, attestedMs) })),
      constitution: [...facts.constitution, ...entries],
    };
  },
};

/** A proposal as it is at the true time: none was made in the future, and no lease began in it. */
function asOf(nowMs: number, proposal: Proposal): Proposal {
  const { statement, phase, executedTime } = proposal;
  const isOpen = phase === 'open' || phase === 'approved';
  if (isOpen && statement.created > nowMs + MAX_SKEW_MS) return { ...proposal, phase: 'expired' };
  return executedTime !== null && executedTime > nowMs ? { ...proposal, executedTime: nowMs } : proposal;
}
