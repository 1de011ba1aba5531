import type { Hex } from '../../bytes.ts';
import { must } from '../../errors.ts';
import type { EntryOf } from '../../log/entry.ts';
import type { SignatureClaim } from '../../signature/claim.ts';
import type { History } from '../chain.ts';
import { type Tally, tally, validVotes } from '../checks/quorum.ts';
import { assertionClaim, currentAuthenticator } from '../checks/signatures.ts';
import { committeeOf } from '../committees.ts';
import { type Judgement, requireWithinSkew, type Surroundings } from '../judgement.ts';
import { effectOf } from '../kinds/table.ts';
import { advanced, executedBy, isRelease, proposalOf, requireOpen } from '../lifecycle.ts';
import { policyOf } from '../policies.ts';
import { rosterDigest } from '../roster.ts';
import type { EnrolledAuthenticator, Facts, Proposable, Proposal, Vote } from '../state.ts';
import { requireInWindow } from '../window.ts';
import { requireCurrent, requireCurrentBase, requireUnexpired, withProposal } from './proposal.ts';

/** One person's decision. The last that a quorum needs makes the statement effective, or a release ready. */
export function judgeApproval(facts: Facts, entry: EntryOf<'approval'>, { history }: Surroundings): Judgement {
  const { body } = entry;
  requireInWindow(
    body.checkpoint.size,
    entry.index,
    'stale_checkpoint',
    'the checkpoint is too old, replay the log again',
  );
  const { proposal, authenticator } = requireMayDecide(facts, body, entry.time, history);
  requireCurrentRoster(facts, body.roster);
  const vote: Vote = {
    person: body.person,
    credential: body.credential,
    decision: body.decision,
    reason: body.reason,
    index: entry.index,
    time: entry.time,
  };
  return { facts: withVote(facts, proposal, vote), claims: [approvalClaim(facts, authenticator, body)] };
}

/** The bytes that the approver signed. */
export function approvalClaim(
  facts: Pick<Facts, 'vault' | 'genesis'>,
  authenticator: EnrolledAuthenticator,
  { proposal: statement, decision, checkpoint, roster, time: timeMs, nonce, reason, assertion }: Approval,
): SignatureClaim {
  const { vault } = facts;
  const fields = { vault, statement, decision, ...checkpoint, roster, timeMs, nonce, reason };
  return assertionClaim(facts, authenticator, { label: 'approve', ...fields }, assertion);
}

type Approval = EntryOf<'approval'>['body'];
type UnsignedDecision = Omit<Approval, 'roster' | 'nonce' | 'assertion'>;

/** The proposal and the authenticator of a decision, apart from its signature. Throws the code of the broken rule. */
export function requireMayDecide(
  facts: Facts,
  body: UnsignedDecision,
  timeMs: number,
  history: History,
): { readonly proposal: Proposal; readonly authenticator: EnrolledAuthenticator } {
  const proposal = proposalOf(facts, body.proposal);
  const { statement } = proposal;
  requireOpen(proposal);
  // By the vault’s clock and by the approver’s own.
  requireUnexpired(statement, Math.max(timeMs, body.time));
  requireCurrent(facts, statement);
  must(body.decision === 'deny' || body.reason === null, 'malformed', 'reason: expected null for an approval');
  const authenticator = currentAuthenticator(facts, body.person, body.credential);
  requireMayVote(facts, proposal, body.person);
  if (body.decision === 'approve') effectOf(statement).approve(facts, statement, body.credential);
  requireWithinSkew(body.time, timeMs, 'the approver’s clock');
  requireCheckpointOfLog(facts, proposal.index, body.checkpoint, history);
  return { proposal, authenticator };
}

/** Refuses a second vote of a person, and a vote of a person whom the kind of the statement bars. */
export function requireMayVote(
  facts: Facts,
  { statement, votes }: Pick<Proposal, 'statement' | 'votes'>,
  person: string,
): void {
  requireNotBarred(facts, statement, person);
  requireNoVote(votes, person);
}

/** Throws `proposer_cannot_approve` for a person who asked for the statement, or whom it is about. */
export function requireNotBarred(facts: Facts, statement: Proposable, person: string): void {
  const barred = effectOf(statement).barred(facts, statement).includes(person);
  must(!barred, 'proposer_cannot_approve', `person ${person} may not decide on what they asked for or own`);
}

/** Throws `already_voted` for a person who has decided. */
export function requireNoVote(votes: readonly Vote[], person: string): void {
  must(!votes.some((vote) => vote.person === person), 'already_voted', `person ${person} has decided already`);
}

/** Approvers are witnesses: each names the log as they verified it, the proposal included. */
export function requireCheckpointOfLog(
  facts: Pick<Facts, 'genesis'>,
  proposedAt: number,
  checkpoint: Approval['checkpoint'],
  history: History,
): void {
  const { origin } = facts.genesis.log;
  must(
    checkpoint.origin === origin,
    'foreign_checkpoint',
    `expected a checkpoint of ${origin}, got ${checkpoint.origin}`,
  );
  must(
    checkpoint.size > proposedAt,
    'stale_checkpoint',
    `expected a checkpoint larger than ${proposedAt}, got size ${checkpoint.size}: replay the log again`,
  );
  const root = history.rootAt(checkpoint.size);
  must(
    root === checkpoint.root,
    'foreign_checkpoint',
    `expected root ${root ?? 'of a size this log has'} at size ${checkpoint.size}, got ${checkpoint.root}`,
  );
}

/** Requires that the roster has not changed between the log that the approver verified and this entry. */
function requireCurrentRoster(facts: Facts, roster: Hex): void {
  const current = rosterDigest(facts);
  must(
    roster === current,
    'stale_checkpoint',
    `expected the roster ${current}, got ${roster}: who may decide has changed since, replay the log again`,
  );
}

/**
 * The votes that count today, and what they amount to. Every voter is checked again: a person who has left
 * or whose authenticator has been retired since counts for nothing.
 */
export function currentTally(facts: Facts, { statement, votes }: Pick<Proposal, 'statement' | 'votes'>): Tally {
  const valid = validVotes(facts, votes);
  const { groups } = policyOf(facts, statement).document;
  return tally(committeeOf(facts, statement), groups, effectOf(statement).barred(facts, statement), valid);
}

/** The facts with a vote, which may be the last that a quorum needs. */
export function withVote(facts: Facts, proposal: Proposal, vote: Vote): Facts {
  const votes = [...proposal.votes, vote];
  const voted: Proposal = { ...proposal, votes };
  const counted = currentTally(facts, { statement: proposal.statement, votes });
  const vetoed = policyOf(facts, proposal.statement).document.veto && isRelease(proposal) && counted.denials.length > 0;
  if (vetoed || !counted.reachable) return withProposal(facts, advanced(voted, 'deny', vote.index));
  if (!counted.reached) return withProposal(facts, voted);
  // A release takes effect with an entry of its own: the intent, before anything is handed out.
  if (isRelease(proposal)) return withProposal(facts, advanced(voted, 'approve', vote.index));
  requireCurrentBase(facts, proposal.statement);
  const executed = effectOf(proposal.statement).execute(facts, proposal.statement, vote);
  return withProposal(executed, executedBy(voted, vote));
}
