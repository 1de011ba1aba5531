import type { Hex } from '../bytes.ts';
import { type Code, must } from '../errors.ts';
import type { StatementOf } from '../statement/statement.ts';
import type { Facts, LogPlace, Proposal, ProposalPhase } from './state.ts';

/** The standing of a proposal: its phase in the log, or `overtaken`, which is computed from the facts (standing.ts). */
export type Standing = ProposalPhase | 'overtaken';

/** The events that change a standing. The log records each except the last two. */
type LifeEvent =
  /** A release has its quorum. */
  | 'approve'
  /** A release was granted by its entry; anything else has its quorum. */
  | 'execute'
  /** A vote that makes the quorum unreachable, or a veto. */
  | 'deny'
  /** The time to approve it, or the lease of a release, is over. */
  | 'expire'
  /** Its proposer takes it back. */
  | 'withdraw'
  /** A stop of the release. */
  | 'stop'
  /** The policy, the committee or the target of the proposal has changed; `restore`: it is again what it was. */
  | 'overtake'
  | 'restore';
type RecordedEvent = Exclude<LifeEvent, 'overtake' | 'restore'>;

const UNDECIDED = { deny: 'denied', expire: 'expired', withdraw: 'withdrawn', stop: 'withdrawn' } as const;
const OPEN = { ...UNDECIDED, approve: 'approved', execute: 'executed', overtake: 'overtaken' } as const;

/** A proposal's life: standing × event → next. A standing without a row for an event ignores or refuses the event. */
export const LIFECYCLE: Readonly<Record<Standing, Readonly<Partial<Record<LifeEvent, Standing>>>>> = {
  open: OPEN,
  approved: OPEN,
  overtaken: { ...UNDECIDED, restore: 'open' },
  // A release, until its lease is over. Proposals of other kinds end here.
  executed: { stop: 'revoked', expire: 'ended' },
  denied: {},
  expired: {},
  withdrawn: {},
  revoked: {},
  ended: {},
};

export const STANDINGS = Object.keys(LIFECYCLE) as [Standing, ...Standing[]];
export const PHASES = STANDINGS.filter((standing) => standing !== 'overtaken') as [ProposalPhase, ...ProposalPhase[]];

/** The phase after an event; null if the event cannot happen to such a proposal. */
export function nextPhase(proposal: Pick<Proposal, 'phase' | 'statement'>, event: RecordedEvent): ProposalPhase | null {
  const { phase } = proposal;
  if (isExecuted(proposal) && !isRelease(proposal)) return null;
  return (LIFECYCLE[phase][event] ?? null) as ProposalPhase | null;
}

/**
 * The proposal after an event, recorded as entry `at`. Throws `proposal_closed` if the event cannot happen to the
 * proposal.
 */
export function advanced(proposal: Proposal, event: RecordedEvent, at: number): Proposal {
  const phase = nextPhase(proposal, event);
  const text = hasTakenEffect(proposal) ? `has taken effect, and is ${proposal.phase}` : `is ${proposal.phase}`;
  must(phase !== null, 'proposal_closed', `the proposal ${text}`);
  return { ...proposal, phase, phaseAt: at };
}

/** The proposal after the entry with which it takes effect. Throws as `advanced`. */
export function executedBy(proposal: Proposal, { index, time }: LogPlace): Proposal {
  return { ...advanced(proposal, 'execute', index), executed: { index, time } };
}

/** Whether custodians may still decide on it, as far as its phase says. */
export function isOpen({ phase }: Pick<Proposal, 'phase'>): boolean {
  return phase === 'open' || phase === 'approved';
}

/** Whether a release had its quorum when its last vote was cast, and has not been granted yet. */
export function isApproved({ phase }: Pick<Proposal, 'phase'>): boolean {
  return phase === 'approved';
}

/** Throws `proposal_closed` unless custodians may still decide on it. */
export function requireOpen(proposal: Pick<Proposal, 'phase'>): void {
  must(isOpen(proposal), 'proposal_closed', `the proposal is ${proposal.phase}`);
}

/** Whether a proposal can still take effect. Every list, count and verdict treats each other standing as an end. */
export function isPending(standing: Standing): standing is 'open' | 'approved' {
  return standing === 'open' || standing === 'approved';
}

/** Whether it was executed, also where it was revoked or its lease has ended since. */
export function hasTakenEffect({ phase }: Pick<Proposal, 'phase'>): boolean {
  return phase === 'executed' || phase === 'revoked' || phase === 'ended';
}

/** Whether it has taken effect, and nothing has ended it since. */
export function isExecuted({ phase }: Pick<Proposal, 'phase'>): boolean {
  return phase === 'executed';
}

/** Whether it is a release whose lease is over, as an entry says. */
export function hasEnded({ phase }: Pick<Proposal, 'phase'>): boolean {
  return phase === 'ended';
}

/** Whether it was ended before it took effect, by a person or by its proposer. */
export function isWithdrawnProposal({ phase }: Pick<Proposal, 'phase'>): boolean {
  return phase === 'withdrawn';
}

export type ReleaseProposal = Proposal<StatementOf<'release'>>;

export function isRelease(proposal: Pick<Proposal, 'statement'>): proposal is ReleaseProposal {
  return proposal.statement.kind === 'release';
}

/** The last instant at which a proposal can be approved, or a granted release is served; milliseconds. */
export function endMs({ statement, executed }: Pick<Proposal, 'statement' | 'executed'>): number {
  if (statement.kind !== 'release' || executed === null) return statement.expires;
  return executed.time + statement.leaseMs;
}

/** Whether a release was granted, was not revoked, and has a lease that is not over at `nowMs`. */
export function isInForce(proposal: Proposal, nowMs: number): proposal is ReleaseProposal {
  return isLeased(proposal) && nowMs <= endMs(proposal);
}

/** The same as isInForce, by the log alone: true also if the lease is over by the clock and no entry says so yet. */
export function isLeased(proposal: Proposal): proposal is ReleaseProposal {
  return isRelease(proposal) && isExecuted(proposal);
}

/** The error text for a digest that the fold does not know, or no longer knows. */
export function unknownProposalText(digest: Hex): string {
  return `no proposal with the digest ${digest} is known: none was made, or it ended so long ago that only the log shows it`;
}

/** The proposal with a digest. Throws `proposal_unknown`. */
export function proposalOf({ proposals }: Pick<Facts, 'proposals'>, digest: Hex): Proposal {
  const proposal = proposals.get(digest);
  must(proposal !== undefined, 'proposal_unknown', unknownProposalText(digest));
  return proposal;
}

/** The release with a digest; null if there is none. */
export function releaseOf({ proposals }: Pick<Facts, 'proposals'>, digest: Hex): ReleaseProposal | null {
  const proposal = proposals.get(digest);
  return proposal !== undefined && isRelease(proposal) ? proposal : null;
}

/** The release of a model that took effect last, by the order of the log; null where none has. */
export function lastReleaseOf({ proposals }: Pick<Facts, 'proposals'>, model: string): ReleaseProposal | null {
  let last: ReleaseProposal | null = null;
  for (const proposal of proposals.values()) {
    if (!isRelease(proposal) || proposal.executed === null || proposal.statement.model !== model) continue;
    if (proposal.executed.index > (last?.executed?.index ?? -1)) last = proposal;
  }
  return last;
}

type EndPhase = Exclude<ProposalPhase, 'open' | 'approved' | 'executed'>;

/** The end of a release that will not be served: its code, and a sentence. */
export const ENDS: Readonly<Record<EndPhase, readonly [code: Code, message: string]>> = {
  denied: ['request_denied', 'the custodians denied the release'],
  expired: ['statement_expired', 'the custodians did not decide in time: request it anew'],
  withdrawn: ['request_withdrawn', 'the request was withdrawn'],
  revoked: ['release_revoked', 'the release was revoked'],
  ended: ['lease_over', 'the lease is over: request it anew'],
};

export function isEnd(phase: ProposalPhase): phase is EndPhase {
  return Object.hasOwn(ENDS, phase);
}
