import type { Hex } from '../../src/core/bytes.ts';
import { durationText } from '../../src/core/duration.ts';
import { type Code, must, TwinlockError } from '../../src/core/errors.ts';
import { requireNotBarred, requireNoVote } from '../../src/core/state/entries/approval.ts';
import { requireCurrent, requireCurrentBase, requireUnexpired } from '../../src/core/state/entries/proposal.ts';
import { MAX_SKEW_MS, requireWithinSkew } from '../../src/core/state/judgement.ts';
import { effectOf } from '../../src/core/state/kinds/table.ts';
import { requireOpen } from '../../src/core/state/lifecycle.ts';
import { standingText, targetOvertakenBy } from '../../src/core/state/standing.ts';
import type { Facts, Proposable, Proposal, Vote } from '../../src/core/state/state.ts';
import { ownAuthenticators } from './ceremony.ts';

/** Why a proposal cannot be approved, or denied, by this custodian, here and now. */
export interface Obstacle {
  readonly code: Code;
  readonly message: string;
}

/**
 * The rules of the fold that an approval would break, all of them and not only the first, so that a custodian learns
 * them before the touch. The evidence of hosts is judged apart.
 */
export function obstaclesOf(facts: Facts, proposal: Proposal, person: Hex, nowMs: number): readonly Obstacle[] {
  const checks = [
    ...eitherWay(facts, proposal, person, nowMs, 'approve'),
    () => requireNotOvertaken(facts, proposal.statement),
    () => requireWithinSkew(Math.min(nowMs, proposal.time), proposal.time, 'this workstation’s clock'),
    () => requireCurrentBase(facts, proposal.statement),
    () => requireEffect(facts, proposal, person),
  ];
  return checks.flatMap(obstacle);
}

/**
 * The rules of the fold that a denial would break, whether the vault's clock is right or wrong. A custodian can deny
 * everything that the fold may let them deny, also what could not take effect.
 */
export function denialObstaclesOf(facts: Facts, proposal: Proposal, person: Hex, nowMs: number): readonly Obstacle[] {
  return eitherWay(facts, proposal, person, nowMs, 'deny').flatMap(obstacle);
}

/** The checks for an approval and a denial alike. */
function eitherWay(
  facts: Facts,
  proposal: Proposal,
  person: Hex,
  nowMs: number,
  decision: Vote['decision'],
): readonly (() => void)[] {
  const { statement, votes } = proposal;
  return [
    () => requireOpen(proposal),
    () => requireUnexpired(statement, nowMs),
    () => requireClocks(facts, proposal, nowMs, decision === 'deny' ? MAX_SKEW_MS : 0),
    () => requireCurrent(facts, statement),
    () => void ownAuthenticators(facts, person),
    () => requireNotBarred(facts, statement, person),
    () => requireNoVote(votes, person),
  ];
}

/**
 * Milliseconds by which the log's clock, the latest time that a custodian has signed, is ahead of this workstation's; 0
 * within five minutes.
 */
export function logAheadMs({ attestedMs }: Pick<Facts, 'attestedMs'>, nowMs: number): number {
  const aheadMs = attestedMs - nowMs;
  return aheadMs > MAX_SKEW_MS ? aheadMs : 0;
}

/**
 * A log whose clock is ahead takes its correction and nothing else; one that is right needs none. The vault's clock may
 * be `leewayMs` before or after this workstation's.
 */
function requireClocks(facts: Facts, { statement }: Proposal, nowMs: number, leewayMs: number): void {
  const aheadMs = facts.attestedMs - nowMs;
  must(
    aheadMs <= MAX_SKEW_MS + leewayMs || statement.kind === 'clock',
    'clock_skew',
    `the log’s clock, the latest time that a custodian has signed, is ${durationText(aheadMs)} ahead of this workstation’s: set the workstation’s; or, if it is right, propose to set the log’s clock back`,
    { seconds: Math.round(aheadMs / 1000) },
  );
  must(
    aheadMs > MAX_SKEW_MS - leewayMs || statement.kind !== 'clock',
    'clock_skew',
    'by this workstation’s clock the log’s is not ahead: nothing is to be set back',
  );
}

/** Refuses an overtaken proposal; `requireCurrent` refuses one that another policy has overtaken. */
function requireNotOvertaken(facts: Facts, statement: Proposable): void {
  const by = targetOvertakenBy(facts, statement);
  must(
    by === null,
    'proposal_closed',
    `the proposal is ${standingText(statement.kind, 'overtaken', by)}: it can no longer take effect`,
  );
}

/** The kind's own rules for an approver. A publication's custody receipt comes with the approval itself. */
function requireEffect(facts: Facts, { statement }: Proposal, person: Hex): void {
  const own = facts.authenticators.find((key) => key.person === person && key.retiredAt === null);
  try {
    effectOf(statement).approve(facts, statement, own?.credential ?? '');
  } catch (error) {
    if (!(error instanceof TwinlockError && error.code === 'custody_missing')) throw error;
  }
}

/** The fold's messages name a person by id. The custodian who reads these is that person. */
const TO_THE_CUSTODIAN: Readonly<Partial<Record<Code, string>>> = {
  proposer_cannot_approve: 'you asked for this, or it is about you: others decide',
  already_voted: 'you have decided on this already',
};

function obstacle(check: () => void): readonly Obstacle[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    return [{ code: error.code, message: TO_THE_CUSTODIAN[error.code] ?? error.message }];
  }
}
