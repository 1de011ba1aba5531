import type { Base64url, Hex } from '../../src/core/bytes.ts';
import { committeeInForce } from '../../src/core/state/committees.ts';
import { isApproved, isPending, isRelease, nextPhase } from '../../src/core/state/lifecycle.ts';
import { policyInForce, withPolicy } from '../../src/core/state/policies.ts';
import { reachOf, reachOfStatement } from '../../src/core/state/reach.ts';
import { servedReleases } from '../../src/core/state/served.ts';
import { standingOf } from '../../src/core/state/standing.ts';
import { type Facts, type Proposal, versionKey } from '../../src/core/state/state.ts';

import { isQuarantined } from '../../src/core/state/versions.ts';
import type { Stopping } from '../statements/stop.ts';

type WithoutReason<T> = T extends unknown ? Omit<T, 'reason'> : never;
/** A stop by one person, or a retirement or policy by a quorum. */
export type Change =
  | WithoutReason<Stopping>
  /** `target` is the proposal, and `document` what it would put in force. */
  | { readonly what: 'policy'; readonly target: Hex; readonly document: Hex };

/** The effects of a change, shown to people before they touch. */
export interface Consequences {
  /** Releases that the vault serves now and would no longer serve. */
  readonly releases: readonly Proposal[];
  /** Open proposals that could no longer take effect, without those that the change is about. */
  readonly proposals: readonly Proposal[];
  /**
   * Proposals that could take effect again, with the votes that they have: the vault may grant an approved release at
   * once.
   */
  readonly revived: readonly Proposal[];
  /** Custodians who own machines whose requests and publications no quorum could approve any more. */
  readonly owners: readonly Hex[];
  /** Versions in quarantine that could no longer be published, as `model@version`. */
  readonly versions: readonly string[];
}

/** An entry index that no log has, for a retirement that is not in the log yet. */
const NOT_YET = Number.MAX_SAFE_INTEGER;

export function consequencesOf(facts: Facts, change: Change, nowMs: number): Consequences {
  const after = afterChange(facts, change);
  const served = new Set(servedReleases(after, nowMs).map(({ digest }) => digest));
  const target = 'target' in change ? change.target : null;
  const owners = committeeInForce(facts)
    .members.map(({ person }) => person)
    .filter((person) => canDecideFor(facts, person) && !canDecideFor(after, person));
  const unpublished = facts.versions.valueSeq().filter((version) => {
    const { owner } = version;
    return isQuarantined(version) && canDecideFor(facts, owner) && !canDecideFor(after, owner);
  });
  return {
    releases: servedReleases(facts, nowMs).filter(({ digest }) => !served.has(digest)),
    proposals: possibleOnlyIn(facts, after, nowMs).filter(({ digest }) => digest !== target),
    revived: possibleOnlyIn(after, facts, nowMs).filter(({ digest }) => digest !== target),
    owners,
    versions: unpublished.map(({ model, version }) => versionKey(model, version)).toArray(),
  };
}

/** The facts after the change, as far as this module reads them. */
function afterChange(facts: Facts, change: Change): Facts {
  const { versions, principals, authenticators, proposals } = facts;
  switch (change.what) {
    case 'all':
      return { ...facts, stopped: [...(facts.stopped ?? []), {}] as unknown as Facts['stopped'] };
    case 'version': {
      const version = versions.get(change.target);
      if (version === undefined) return facts;
      return { ...facts, versions: versions.set(change.target, { ...version, phase: 'withdrawn' }) };
    }
    case 'principal': {
      const principal = principals.get(change.key);
      if (principal === undefined) return facts;
      return { ...facts, principals: principals.set(change.key, { ...principal, retiredAt: NOT_YET }) };
    }
    case 'authenticator': {
      return { ...facts, authenticators: withRetired(authenticators, change.credential) };
    }
    case 'release':
    case 'proposal': {
      const proposal = proposals.get(change.target);
      if (proposal === undefined) return facts;
      const phase = nextPhase(proposal, change.what === 'release' ? 'stop' : 'withdraw') ?? proposal.phase;
      return { ...facts, proposals: proposals.set(change.target, { ...proposal, phase }) };
    }
    case 'policy': {
      // Kept while its proposal is open.
      const document = facts.proposedPolicies.get(change.target) ?? policyInForce(facts).document;
      return withPolicy(facts, { digest: change.document, document });
    }
  }
}

/** The authenticators as they would be without this one. */
export function withRetired(authenticators: Facts['authenticators'], credential: Base64url): Facts['authenticators'] {
  const retired = authenticators.get(credential);
  return retired === undefined ? authenticators : authenticators.set(credential, { ...retired, retiredAt: NOT_YET });
}

/** Returns whether a quorum without this owner could approve the requests of the owner's machines. */
function canDecideFor(facts: Facts, owner: Hex): boolean {
  return reachOf(facts, [{ person: owner, why: 'asked' }]).reachable;
}

/** Approved releases that the vault may grant once a quorum has resumed it, with no other touch. */
export function releasesThatWait(facts: Facts, nowMs: number): readonly Proposal[] {
  return possibleOnlyIn({ ...facts, stopped: null }, facts, nowMs).filter(isApproved);
}

/** Proposals that can take effect by the facts `of`, and cannot by the others. */
function possibleOnlyIn(of: Facts, others: Facts, nowMs: number): readonly Proposal[] {
  const possible = new Set(possibleProposals(others, nowMs).map(({ digest }) => digest));
  return possibleProposals(of, nowMs).filter(({ digest }) => !possible.has(digest));
}

function possibleProposals(facts: Facts, nowMs: number): readonly Proposal[] {
  return [...facts.proposals.values()].filter((proposal) => {
    const { statement, votes } = proposal;
    const standing = standingOf(facts, proposal, nowMs);
    if (facts.stopped !== null && isRelease(proposal)) return false;
    return isPending(standing) && (standing === 'approved' || reachOfStatement(facts, statement, votes).reachable);
  });
}
