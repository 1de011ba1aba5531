import { isInForce, type ReleaseProposal } from './lifecycle.ts';
import type { Facts } from './state.ts';
import { isWithdrawnUnder } from './versions.ts';

/**
 * Releases in force: granted, their lease not over, and served today, which a stop, a retired key or a withdrawn
 * version ends.
 */
export function servedReleases(facts: Facts, nowMs: number): readonly ReleaseProposal[] {
  if (facts.stopped !== null) return [];
  const inForce = [...facts.proposals.values()].filter((proposal) => isInForce(proposal, nowMs));
  return inForce.filter(({ statement }) => {
    const isRetired = facts.principals.get(statement.proposer.key)?.retiredAt !== null;
    return !isWithdrawnUnder(facts, statement.manifest) && !isRetired;
  });
}

/** Those that are served again once a quorum has resumed the vault; the same where nothing is stopped. */
export function servedOnceResumed(facts: Facts, nowMs: number): readonly ReleaseProposal[] {
  return servedReleases({ ...facts, stopped: null }, nowMs);
}
