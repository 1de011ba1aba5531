import { endMs } from '../../src/core/state/rules/expiry.ts';
import type { Facts, Proposable, Proposal, ProposalPhase } from '../../src/core/state/state.ts';

/**
 * Where a proposal stands. `overtaken` is one that can take effect only while the policy that it rests on is in force
 * again; `over` is a release whose lease has ended; `set-back` is one that ended because it was made by the clock that was
 * set back.
 */
export type Standing = ProposalPhase | 'overtaken' | 'over' | 'set-back';

/** By the log; what has ended by the clock of `nowMs` is over, also before an entry says so. */
export function standingOf(facts: Facts, proposal: Proposal, nowMs: number): Standing {
  const { phase, statement, ended, setBack } = proposal;
  if (setBack) return 'set-back';
  const isOver = nowMs > endMs(proposal);
  if (phase === 'open' || phase === 'approved') {
    if (isOver) return 'expired';
    const isCurrent = statement.policy === facts.policy.digest && statement.epoch === facts.committee.epoch;
    return isCurrent ? phase : 'overtaken';
  }
  return phase === 'executed' && statement.kind === 'release' && (ended || isOver) ? 'over' : phase;
}

/** What to say of a proposal whose `setBack` holds: "expired" would stand beside a time that lies ahead. */
export const ENDED_BY_SETTING_BACK = 'ended: it was made by the clock that was set back';

/** Who can end a proposal that another policy has overtaken, and how, after "to prevent that, ". */
export function howToEnd({ kind }: Proposable): string {
  const withdrawal = 'who proposed it withdraws it';
  return kind === 'release' ? `${withdrawal}, or any custodian revokes it` : withdrawal;
}
