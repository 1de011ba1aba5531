import { must } from '../../errors.ts';
import type { EntryOf } from '../../log/entry.ts';
import type { Judgement } from '../judgement.ts';
import type { Facts, Proposal } from '../state.ts';
import { withProposal } from './proposal.ts';

/** When a proposal can no longer be approved, or a release is no longer served; milliseconds. */
export function endMs({ statement, executedTime }: Pick<Proposal, 'statement' | 'executedTime'>): number {
  if (statement.kind !== 'release' || executedTime === null) return statement.expires;
  return executedTime + statement.leaseMs;
}

/** Makes the end of a proposal or of a lease visible; it has ended by the clock before. */
export function judgeExpiry(facts: Facts, entry: EntryOf<'expiry'>): Judgement {
  const proposal = facts.proposals.get(entry.body.proposal);
  must(proposal !== undefined, 'proposal_unknown', `nothing with the digest ${entry.body.proposal} has been proposed`);
  must(
    entry.time > endMs(proposal),
    'not_permitted',
    `expected a time after ${endMs(proposal)}, the end of the proposal or lease, got ${entry.time}`,
  );
  const isLease = proposal.statement.kind === 'release' && proposal.executedTime !== null;
  const isOver = isLease ? proposal.ended : proposal.phase !== 'open' && proposal.phase !== 'approved';
  must(!isOver, 'proposal_closed', 'it is over already');
  const changed: Proposal = isLease ? { ...proposal, ended: true } : { ...proposal, phase: 'expired' };
  return { claims: [], facts: withProposal(facts, changed) };
}
