import { concat, type Hex, toHex, u64 } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { type StatementOf, statementDigest } from '../../statement/statement.ts';
import { validVotes } from '../checks/quorum.ts';
import { MAX_SKEW_MS } from '../judgement.ts';
import { advanced, isOpen, proposalOf } from '../lifecycle.ts';
import type { Facts, Proposal } from '../state.ts';
import type { Effect } from './kind.ts';

type AttestedClock = Pick<Facts, 'attestedMs' | 'attestedAt'>;
const PADDING = new Uint8Array(16);

/**
 * The way back for a log whose clock is ahead of true time, because a custodian's clock and the vault's were wrong
 * together: the approvals of a quorum attest the true time, and the log's clock is the latest of theirs. One of them
 * is honest, so it is never set further back than that. No lease gains by it: what is dated later counts as begun at
 * that time, and what was proposed later has ended. It corrects the clock of its base and no other: once any custodian
 * has signed something else, or another correction has taken effect, it is stale, however old its votes are. That the
 * log's clock is ahead, the fold checks by each entry's date (entries/time.ts), and each approver's client by its own
 * clock.
 */
export const clockEffect: Effect<StatementOf<'clock'>> = {
  base,
  barred: () => [],
  propose: (facts) => ({ facts, claims: [] }),
  overtaken: (facts, statement) => (statement.base === base(facts) ? null : 'clock_moved'),
  approve(facts, statement) {
    const isCurrent = statement.base === base(facts);
    must(isCurrent, 'wrong_base', `expected base ${base(facts)}, got ${statement.base}: propose anew`);
  },
  execute(facts, statement, last) {
    const { votes = [] } = facts.proposals.get(statementDigest(statement)) ?? {};
    const approvals = validVotes(facts, [...votes, last]).filter(({ decision }) => decision === 'approve');
    const attestedMs = Math.max(...approvals.map(({ time }) => time));
    const proposals = facts.proposals.map((proposal) => asOf(attestedMs, proposal, last.index));
    return {
      ...facts,
      attestedMs,
      proposals,
      proposedPolicies: facts.proposedPolicies.filter((_, digest) => isOpen(proposalOf({ proposals }, digest))),
      granted: facts.granted.map((grant) => ({ ...grant, time: Math.min(grant.time, attestedMs) })),
    };
  },
};

/** 16 bytes of zero ‖ u64 index of the entry that last attested a time ‖ u64 the log's clock, milliseconds. */
function base({ attestedAt, attestedMs }: AttestedClock): Hex {
  return toHex(concat(PADDING, u64(attestedAt), u64(attestedMs)));
}

/**
 * A proposal as it is at the true time, which entry `at` has set: none was made in the future, and no lease began in
 * it.
 */
function asOf(nowMs: number, proposal: Proposal, at: number): Proposal {
  const { statement, executed } = proposal;
  const isFromTheFuture = isOpen(proposal) && statement.created > nowMs + MAX_SKEW_MS;
  if (isFromTheFuture) return { ...advanced(proposal, 'expire', at), setBack: true };
  const isBegunLater = executed !== null && executed.time > nowMs;
  return isBegunLater ? { ...proposal, executed: { ...executed, time: nowMs } } : proposal;
}
