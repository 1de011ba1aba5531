import { must } from '../../errors.ts';
import type { EntryOf } from '../../log/entry.ts';
import type { Judgement } from '../judgement.ts';
import { advanced, endMs, proposalOf } from '../lifecycle.ts';
import type { Facts } from '../state.ts';
import { withProposal } from './proposal.ts';

/** Records that a proposal or a lease has ended by the clock. */
export function judgeExpiry(facts: Facts, entry: EntryOf<'expiry'>): Judgement {
  const proposal = proposalOf(facts, entry.body.proposal);
  must(
    entry.time > endMs(proposal),
    'not_permitted',
    `expected a time after ${endMs(proposal)}, the end of the proposal or lease, got ${entry.time}`,
  );
  return { claims: [], facts: withProposal(facts, advanced(proposal, 'expire', entry.index)) };
}
