import type { Hex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import { personOf } from '../core/state/checks/persons.ts';
import { committeeInForce } from '../core/state/committees.ts';
import { durabilityOf } from '../core/state/custody.ts';
import { currentTally } from '../core/state/entries/approval.ts';
import {
  endMs,
  hasTakenEffect,
  isPending,
  isRelease,
  proposalOf,
  unknownProposalText,
} from '../core/state/lifecycle.ts';
import { policyInForce } from '../core/state/policies.ts';
import { namedReach, reachOfStatement } from '../core/state/reach.ts';
import { servedReleases } from '../core/state/served.ts';
import { overtakenBy, standingOf } from '../core/state/standing.ts';
import type { Facts, Proposal, RecordedStop, Version } from '../core/state/state.ts';
import { inScope } from '../core/statement/principal.ts';
import type { ClockState } from './clock-watch.ts';
import { MAX_PROPOSALS, PROPOSALS_BYTES } from './limits.ts';
import type { viewFault } from './log-fault.ts';
import type { Caller } from './sessions.ts';

/**
 * What is shown of the state. A custodian MUST NOT decide on a view: their client replays the log. `overMs` is the time
 * by which the vault ends things, `ClockWatch.overMs`: what it has not ended, no view calls expired or over.
 */

export function viewProposal(facts: Facts, proposal: Proposal, overMs: number) {
  const standing = standingOf(facts, proposal, overMs);
  // A decided proposal needs no more approvals, also if an approver has retired their key since.
  const counted = isPending(standing) ? currentTally(facts, proposal) : { wanting: 0, missingGroups: [] };
  return {
    digest: proposal.digest,
    kind: proposal.statement.kind,
    phase: proposal.phase,
    index: proposal.index,
    time: proposal.time,
    expires: proposal.statement.expires,
    statement: { ...proposal.statement },
    asked: personOf(facts, proposal.statement.proposer.person),
    votes: proposal.votes.map(({ person, decision, reason, time }) => ({
      ...personOf(facts, person),
      decision,
      reason,
      time,
    })),
    standing,
    overtaken: standing === 'overtaken' ? overtakenBy(facts, proposal.statement) : null,
    wanting: counted.wanting,
    missingGroups: [...counted.missingGroups],
    reach: standing === 'open' ? viewReach(facts, proposal) : null,
    receipts: proposal.receipts.length,
    leaseEnds: isRelease(proposal) && hasTakenEffect(proposal) ? endMs(proposal) : null,
    stop: proposal.stop === null ? null : { ...proposal.stop },
    setBack: proposal.setBack,
  };
}

function viewReach(facts: Facts, { statement, votes }: Proposal) {
  const named = namedReach(facts, reachOfStatement(facts, statement, votes));
  const { able, barred, groups, remedies, ...counts } = named;
  return { ...counts, able: [...able], barred: [...barred], groups: [...groups], remedies: [...remedies] };
}

/** Requesters see their own releases; callers who may read the log see all that is in it. */
function maySee(caller: Caller, { statement: { proposer } }: Proposal): boolean {
  return caller.role !== 'requester' || (proposer.kind === 'principal' && proposer.key === caller.key);
}

/** Throws `proposal_unknown`, also for one that the caller may not see. */
export function proposalFor(facts: Facts, caller: Caller, digest: Hex): Proposal {
  const proposal = proposalOf(facts, digest);
  must(maySee(caller, proposal), 'proposal_unknown', unknownProposalText(digest));
  return proposal;
}

/** Who stopped everything, when and why, for every caller who may see the vault at all. */
export function viewStops(stopped: readonly RecordedStop[] | null) {
  return stopped === null ? null : stopped.map((stop) => ({ ...stop }));
}

/** Newest first; of all phases or of those that still can be decided. */
export function viewProposals(facts: Facts, caller: Caller, phase: 'open' | 'all', overMs: number) {
  return facts.proposals
    .valueSeq()
    .filter((proposal) => maySee(caller, proposal))
    .filter((proposal) => phase === 'all' || isPending(standingOf(facts, proposal, overMs)))
    .sort((a, b) => b.index - a.index)
    .take(MAX_PROPOSALS)
    .takeWhile(withinBytes(PROPOSALS_BYTES))
    .map((proposal) => viewProposal(facts, proposal, overMs))
    .toArray();
}

/** True until the statements together have more, in characters of JSON. */
function withinBytes(maxBytes: number): (proposal: Proposal) => boolean {
  let bytes = 0;
  return ({ statement }) => {
    bytes += JSON.stringify(statement).length;
    return bytes <= maxBytes;
  };
}

/** Those that wait and that no quorum can approve: they stay so until they expire. */
function viewOutOfReach(facts: Facts, caller: Caller, overMs: number) {
  return facts.proposals
    .valueSeq()
    .filter((proposal) => maySee(caller, proposal) && standingOf(facts, proposal, overMs) === 'open')
    .map((proposal) => ({ digest: proposal.digest, kind: proposal.statement.kind, reach: viewReach(facts, proposal) }))
    .filter(({ reach }) => !reach.reachable)
    .take(MAX_PROPOSALS)
    .toArray();
}

/** The daemon's knowledge besides its log. */
interface Found {
  readonly overMs: number;
  readonly clock: ClockState['standing'];
  readonly fault: ReturnType<typeof viewFault>;
}

/** Requesters see the versions in their scope, and of the keys their own. */
export function viewStatus(facts: Facts, caller: Caller, entries: number, { overMs, clock, fault }: Found) {
  const own = caller.role === 'requester' ? caller.key : null;
  const scope = own === null ? ['*'] : (facts.principals.get(own)?.models ?? []);
  const [committee, policy] = [committeeInForce(facts), policyInForce(facts)];
  const proposals = facts.proposals.valueSeq();
  const standings = proposals.map((proposal) => standingOf(facts, proposal, overMs)).toArray();
  return {
    fingerprint: facts.vault,
    grade: facts.genesis.grade,
    entries,
    clock,
    fault,
    stopped: viewStops(facts.stopped),
    policy: policy.digest,
    policyChanges: facts.policyChanges,
    limits: policy.document.limits,
    committee: {
      id: committee.id,
      epoch: committee.epoch,
      threshold: committee.threshold,
      members: committee.members.map(({ person, index, groups }) => ({
        ...personOf(facts, person),
        index,
        groups: [...groups],
        authenticators: facts.authenticators.count((a) => a.person === person && a.retiredAt === null),
      })),
    },
    versions: facts.versions
      .valueSeq()
      .filter((version) => inScope(scope, version.model))
      .sort((a, b) => b.time - a.time)
      .map((version) => viewVersion(facts, version))
      .toArray(),
    principals: facts.principals
      .valueSeq()
      .filter(({ key }) => own === null || key === own)
      .map(({ key, name, role, owner, models, retiredAt }) => {
        return { key, name, role, owner: personOf(facts, owner), models: [...models], retired: retiredAt !== null };
      })
      .toArray(),
    open: standings.filter(isPending).length,
    overtaken: standings.filter((standing) => standing === 'overtaken').length,
    outOfReach: viewOutOfReach(facts, caller, overMs),
    leases: servedReleases(facts, overMs).length,
  };
}

function viewVersion(facts: Facts, version: Version) {
  const { durable, unconfirmed, holders, without } = durabilityOf(facts, version);
  return {
    model: version.model,
    version: version.version,
    manifest: version.manifest,
    commitments: version.commitments,
    phase: version.phase,
    bytes: version.bytes.toString(),
    durable,
    holders: holders.map((person) => personOf(facts, person)),
    without: without.map((person) => personOf(facts, person)),
    unconfirmed: unconfirmed.map(({ person, credential }) => ({
      ...personOf(facts, person),
      credential,
      keyName: facts.authenticators.get(credential)?.name ?? credential,
    })),
  };
}
