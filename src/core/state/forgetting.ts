import type { Hex } from '../bytes.ts';
import { isLeased, isOpen, isRelease } from './lifecycle.ts';
import { policyAt } from './policy-history.ts';
import type { Facts, Proposal } from './state.ts';
import { isInWindow } from './window.ts';

/** The fold forgets after each entry whose index is one less than a multiple of this: to look takes time. */
export const FORGET_EVERY_ENTRIES = 1024;
/** Of proposals that are over, the latest are kept: more than a vault lists, which is 500. */
export const OVER_PROPOSALS = 1024;

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

/** All that are not over, the latest that are, those that a publication can cite, and each model's last release. */
function keptProposals(facts: Facts): Facts['proposals'] {
  const over = facts.proposals
    .valueSeq()
    .filter((proposal) => isOver(proposal) && !isCitable(facts, proposal))
    .sortBy((proposal) => -lastEntry(proposal))
    .skip(OVER_PROPOSALS);
  const lasts = lastReleases(facts);
  return facts.proposals.deleteAll(over.filter(({ digest }) => !lasts.has(digest)).map(({ digest }) => digest));
}

/** Those that the proposals which are kept rest on, and the one in force. */
function keptPolicies({ policies }: Facts, proposals: Facts['proposals']): Facts['policies'] {
  const needed = new Set(proposals.valueSeq().map(({ index }) => policyAt({ policies }, index)));
  return policies.filter((policy, i) => i === policies.length - 1 || needed.has(policy));
}

/** Whether an entry has ended it, or it has taken effect and nothing of it goes on. */
function isOver(proposal: Proposal): boolean {
  return !isOpen(proposal) && !isLeased(proposal);
}

/** An evaluation with a receipt, of a version that may still be published. */
function isCitable({ versions }: Facts, proposal: Proposal): boolean {
  if (!isRelease(proposal) || proposal.statement.purpose !== 'evaluation' || proposal.receipts.length === 0)
    return false;
  return versions.get(proposal.statement.manifest)?.phase === 'quarantined';
}

/** An approver is shown what differs from the last release of the same model, however long ago. */
function lastReleases({ proposals }: Facts): ReadonlySet<Hex> {
  const lasts = new Map<string, Proposal>();
  for (const proposal of proposals.values()) {
    if (!isRelease(proposal) || proposal.executedTime === null) continue;
    const { model } = proposal.statement;
    if (proposal.executedTime > (lasts.get(model)?.executedTime ?? -1)) lasts.set(model, proposal);
  }
  return new Set([...lasts.values()].map(({ digest }) => digest));
}

function lastEntry({ index, votes, executedAt, stop }: Proposal): number {
  return Math.max(index, votes.at(-1)?.index ?? 0, executedAt ?? 0, stop?.index ?? 0);
}
