import type { List } from 'immutable';
import { counted } from '../../counted.ts';
import { must, TwinlockError } from '../../errors.ts';
import type { EntryOf } from '../../log/entry.ts';
import type { StatementOf } from '../../statement/statement.ts';
import { GRANTS } from '../bounds.ts';
import type { Tally } from '../checks/quorum.ts';
import type { Judgement } from '../judgement.ts';
import { requireReleasable } from '../kinds/release.ts';
import { executedBy, isRelease, proposalOf, requireOpen } from '../lifecycle.ts';
import { policyOf } from '../policies.ts';
import type { Facts, Proposal } from '../state.ts';
import { currentTally } from './approval.ts';
import { requireCurrent, requireCurrentBase, requireUnexpired } from './proposal.ts';
import { earliestMs } from './time.ts';

type Grant = Facts['granted'] extends List<infer G> ? G : never;

const DAY_MS = 24 * 60 * 60_000;

/** The durable intent to hand out shares: recorded before anything is. Everything is checked again. */
export function judgeRelease(facts: Facts, entry: EntryOf<'release'>): Judgement {
  const proposal = proposalOf(facts, entry.body.proposal);
  must(isRelease(proposal), 'not_permitted', `a ${proposal.statement.kind} is not released`);
  const { statement } = proposal;
  requireOpen(proposal);
  requireUnexpired(statement, entry.time);
  requireCurrent(facts, statement);
  requireCurrentBase(facts, statement);
  requireQuorum(facts, proposal);
  requireReleasable(facts, statement);
  const granted = withinTheDaysBudget(facts, statement, entry.time);
  return {
    claims: [],
    facts: {
      ...facts,
      granted,
      proposals: facts.proposals.set(proposal.digest, executedBy(proposal, entry)),
    },
  };
}

function requireQuorum(facts: Facts, proposal: Proposal): void {
  const counted = currentTally(facts, proposal);
  const cast = proposal.votes.filter((vote) => vote.decision === 'approve').length;
  must(
    counted.reached || cast === counted.approvals.length,
    'quorum_missing',
    'an approver’s authenticator has been retired since: another must approve',
  );
  requireReached(counted);
}

/** Throws `quorum_missing`, also where the approvers are enough and none is of a group that policy names. */
export function requireReached(tally: Tally): void {
  if (tally.reached) return;
  must(tally.wanting === 0, 'quorum_missing', `${counted(tally.wanting, 'more approval')} wanted`);
  throw new TwinlockError('quorum_missing', `an approval is wanted from group ${tally.missingGroups.join(', ')}`);
}

function withinTheDaysBudget(facts: Facts, statement: StatementOf<'release'>, timeMs: number): Facts['granted'] {
  const { granted, total, limit } = budgetWith(facts, statement, timeMs);
  must(total <= limit, 'budget_exceeded', `expected at most ${limit} bytes released a day, got ${total}`);
  return granted;
}

function budgetWith(facts: Facts, statement: StatementOf<'release'>, timeMs: number) {
  const bytes = BigInt(statement.bytes);
  const grant = { time: timeMs, bytes };
  const total = facts.granted.filter(({ time }) => time > timeMs - DAY_MS).reduce((sum, one) => sum + one.bytes, bytes);
  // Grants that no later entry can count are forgotten. The limit is the log's clock: by its own date, one entry could
  // make the fold forget others.
  const granted = withGrant(
    facts.granted.filter(({ time }) => time > earliestMs(facts) - DAY_MS),
    grant,
  );
  return { granted, total, limit: BigInt(policyOf(facts, statement).document.limits.bytesPerDay) };
}

/**
 * Adds a grant. If there are too many, the two oldest become one with the date of the later, so no grant counts for
 * less.
 */
function withGrant(granted: Facts['granted'], grant: Grant): Facts['granted'] {
  const all = granted.push(grant);
  const [first, second] = all;
  if (all.size <= GRANTS || first === undefined || second === undefined) return all;
  return all.shift().set(0, { time: Math.max(first.time, second.time), bytes: first.bytes + second.bytes });
}

/** The reason why a release with its quorum would wait; null if it would be granted at once. */
export function heldBackBy(facts: Facts, statement: StatementOf<'release'>, timeMs: number): 'stop' | 'budget' | null {
  if (facts.stopped !== null) return 'stop';
  const { total, limit } = budgetWith(facts, statement, timeMs);
  return total <= limit ? null : 'budget';
}
