import { CITABLE_EVALUATIONS, FORGET_EVERY_ENTRIES, OVER_PROPOSALS } from './bounds.ts';
import { isLeased, isOpen, isRelease, lastReleaseOf, type ReleaseProposal } from './lifecycle.ts';
import { policyAt } from './policies.ts';
import type { Facts, Proposal } from './state.ts';
import { isQuarantined } from './versions.ts';
import { isInWindow } from './window.ts';

export function isForgetting(index: number): boolean {
  return (index + 1) % FORGET_EVERY_ENTRIES === 0;
}

/**
 * The facts after entry `index`, without what no later entry can name: digests, evidence and keys whose entry has left
 * the window, and proposals that are over and that nothing needs. Why that is sound is in state/FORMAT.md, Forgetting.
 */
export function withoutForgotten(facts: Facts, index: number): Facts {
  if (!isForgetting(index)) return facts;
  const isNameable = (at: { readonly index: number } | number) =>
    isInWindow(typeof at === 'number' ? at : at.index, index + 1);
  const proposals = keptProposals(facts);
  return {
    ...facts,
    proposals,
    policies: keptPolicies(facts, proposals),
    statements: facts.statements.filter(isNameable),
    evidence: facts.evidence.filter(isNameable),
    kemKeys: facts.kemKeys.filter(isNameable),
  };
}

/**
 * The proposals to keep: all that are not over, the latest that are over, those that a publication can cite, and each
 * model's last release.
 */
function keptProposals(facts: Facts): Facts['proposals'] {
  const citable = new Set(citableProposals(facts));
  const over = facts.proposals
    .valueSeq()
    .filter((proposal) => isOver(proposal) && !citable.has(proposal))
    // One entry, a correction of the log's clock, may end several proposals.
    .sort((a, b) => b.phaseAt - a.phaseAt || b.index - a.index)
    .skip(OVER_PROPOSALS);
  // The console shows an approver what differs from the model's last release, even if that release is old.
  const isLast = (proposal: Proposal) =>
    isRelease(proposal) && proposal === lastReleaseOf(facts, proposal.statement.model);
  return facts.proposals.deleteAll(over.filterNot(isLast).map(({ digest }) => digest));
}

/** The policies to keep: the one in force, and those that kept proposals rest on. */
function keptPolicies({ policies }: Facts, proposals: Facts['proposals']): Facts['policies'] {
  const needed = new Set(proposals.valueSeq().map(({ index }) => policyAt({ policies }, index)));
  return policies.filter((policy, i) => i === policies.length - 1 || needed.has(policy));
}

/** Whether an entry has ended the proposal, or it has taken effect and no lease of it is left. */
function isOver(proposal: Proposal): boolean {
  return !isOpen(proposal) && !isLeased(proposal);
}

/** The latest evaluations that are over and have a receipt, of each version that may still be published. */
function citableProposals(facts: Facts): Iterable<Proposal> {
  return facts.proposals
    .valueSeq()
    .filter((proposal): proposal is ReleaseProposal => isOver(proposal) && isCitable(facts, proposal))
    .groupBy(({ statement }) => statement.manifest)
    .valueSeq()
    .flatMap((of) =>
      of
        .valueSeq()
        .sortBy(({ executed }) => -(executed?.index ?? 0))
        .take(CITABLE_EVALUATIONS),
    );
}

function isCitable({ versions }: Facts, proposal: Proposal): proposal is ReleaseProposal {
  if (!isRelease(proposal) || proposal.statement.purpose !== 'evaluation' || proposal.receipts.length === 0)
    return false;
  const version = versions.get(proposal.statement.manifest);
  return version !== undefined && isQuarantined(version);
}
