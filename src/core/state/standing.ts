import { TwinlockError } from '../errors.ts';
import { unlessRefused } from '../refusal.ts';
import { type StatementOf, statementDigest } from '../statement/statement.ts';
import { committeeInForce } from './committees.ts';
import { currentTally } from './entries/approval.ts';
import { requireMendable } from './entries/mending.ts';
import { effectOf } from './kinds/table.ts';
import { endMs, isApproved, isOpen, nextPhase, type Standing } from './lifecycle.ts';
import { OVERTAKING, type Overtaking } from './overtaking.ts';
import { isPolicyInForce, withPolicy } from './policies.ts';
import type { Facts, Proposable, Proposal } from './state.ts';

/**
 * The standing of a proposal by the log. A proposal that has ended by `nowMs` is over, also before an entry says so. A
 * release that was approved is open again where an approver’s authenticator has been retired since: another must
 * approve it.
 */
export function standingOf(facts: Facts, proposal: Proposal, nowMs: number): Standing {
  const { phase, statement } = proposal;
  if (nowMs > endMs(proposal)) return nextPhase(proposal, 'expire') ?? phase;
  if (!isOpen(proposal)) return phase;
  if (overtakenBy(facts, statement) !== null) return 'overtaken';
  return isApproved(proposal) && currentTally(facts, proposal).reached ? 'approved' : 'open';
}

/**
 * The cause that has overtaken a proposed statement; null if none has. A policy may return, and its proposals with it.
 * No other cause goes away.
 */
export function overtakenBy(facts: Facts, statement: Proposable): Overtaking | null {
  if (statement.epoch !== committeeInForce(facts).epoch) return 'committee';
  return targetOvertakenBy(facts, statement) ?? (isPolicyInForce(facts, statement.policy) ? null : 'policy');
}

/** The same, apart from policy and epoch, which all kinds share. */
export function targetOvertakenBy(facts: Facts, statement: Proposable): Overtaking | null {
  const by = effectOf(statement).overtaken(facts, statement);
  return by ?? (statement.kind === 'policy' && !leavesAWay(facts, statement) ? 'no_other_policy' : null);
}

/** Whether another policy could replace this one, with the authenticators that are in use now. */
function leavesAWay(facts: Facts, statement: StatementOf<'policy'>): boolean {
  const { document: digest, created } = statement;
  const document = facts.proposedPolicies.get(statementDigest(statement));
  if (document === undefined) return true;
  return unlessRefused(
    TwinlockError,
    () => {
      requireMendable(withPolicy(facts, { digest, document }), created);
      return true;
    },
    () => false,
  );
}

/**
 * The standing of a proposal, in the words of every list and verdict. `kind` may be any text that a vault sent;
 * `overtaking` is the cause that has overtaken it; `setBack` is the proposal's.
 */
export function standingText(kind: string, standing: Standing, overtaking: Overtaking | null, setBack = false): string {
  if (standing === 'expired' && setBack) return EXPIRED_BY_SETTING_BACK;
  if (standing === 'executed') return isProposable(kind) ? TAKEN_EFFECT[kind] : 'in effect';
  if (standing === 'ended') return 'lease ended';
  return overtaking === null ? standing : `${standing}: ${OVERTAKING[overtaking]}`;
}

/**
 * The word that people read for a proposal that has taken effect, by its kind. The phase itself is a word of the
 * protocol.
 */
export const TAKEN_EFFECT: Readonly<Record<Proposable['kind'], string>> = {
  release: 'released',
  publish: 'published',
  principal: 'enrolled',
  policy: 'put in force',
  resume: 'resumed',
  authenticator: 'retired',
  clock: 'set back',
};

function isProposable(kind: string): kind is Proposable['kind'] {
  return Object.hasOwn(TAKEN_EFFECT, kind);
}

/** The text for a proposal whose `setBack` is true. "Expired" would be confusing beside a time in the future. */
const EXPIRED_BY_SETTING_BACK = 'ended: it was made by the clock that was set back';

/** The persons who can end a proposal that another policy has overtaken, and how. A text after "to prevent that, ". */
export function howToEnd({ kind }: Proposable): string {
  const withdrawal = 'its proposer withdraws it';
  return kind === 'release' ? `its proposer or any custodian withdraws it` : withdrawal;
}
