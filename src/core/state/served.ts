import { standingOf } from './standing.ts';
import type { Facts, Proposal } from './state.ts';

/** Releases in force: granted, their lease not over, and served today, which a stop, a retired key or a withdrawn version ends. */
export function servedReleases(facts: Facts, nowMs: number): readonly Proposal[] {
  if (facts.stopped !== null) return [];
  return [...facts.proposals.values()].filter((proposal) => {
    const { statement } = proposal;
    if (statement.kind !== 'release' || statement.proposer.kind !== 'principal') return false;
    const isWithdrawn = facts.versions.get(statement.manifest)?.phase === 'withdrawn';
    const isRetired = facts.principals.get(statement.proposer.key)?.retiredAt !== null;
    return standingOf(facts, proposal, nowMs) === 'executed' && !isWithdrawn && !isRetired;
  });
}

/** Those that are served again once a quorum has resumed the vault; the same where nothing is stopped. */
export function servedOnceResumed(facts: Facts, nowMs: number): readonly Proposal[] {
  return servedReleases({ ...facts, stopped: null }, nowMs);
}
