import type { Hex } from '../bytes.ts';
import { digestOfObject } from '../canonical.ts';
import { must, TwinlockError } from '../errors.ts';
import type { Entry } from '../log/entry.ts';
import { parseStatement, type Statement } from '../statement/statement.ts';
import { EMPTY_CHAIN, type History, historyOf, link } from './chain.ts';
import { withFirstSeen } from './checks/persons.ts';
import { judgeApproval } from './entries/approval.ts';
import { judgeDeposit } from './entries/deposit.ts';
import { judgeExpiry } from './entries/expiry.ts';
import { judgeGenesis } from './entries/genesis.ts';
import { requireMendable } from './entries/mending.ts';
import { judgeProposal } from './entries/proposal.ts';
import { judgeReceipt } from './entries/receipt.ts';
import { judgeRefusal } from './entries/refusal.ts';
import { judgeRelease } from './entries/release.ts';
import { judgeStop } from './entries/stop.ts';
import { requireSoundDate, withAttested } from './entries/time.ts';
import { withoutForgotten } from './forgetting.ts';
import type { Claim, Judgement, Surroundings } from './judgement.ts';
import type { Objects } from './objects.ts';
import { isPolicyInForce, policyInForce, withPolicy } from './policies.ts';
import type { Facts, State } from './state.ts';

/** An entry that was judged. `state` may be used once every claim has been discharged. */
export interface Applied {
  readonly state: State;
  readonly entry: Entry;
  readonly claims: readonly Claim[];
}

/**
 * The fold: judges the next entry of a log and gives the state after it. Synchronous and pure; a rule that
 * is broken throws its code, and the state that was passed in stays as it was.
 *
 * `state` is null before entry 0. `bytes` and `objects` are attacker-controlled; `objects` holds what
 * objectsNamed lists, by digest. The new state may be used only once every claim has been discharged: a
 * claim that fails is a fault of this entry.
 */
export function apply(state: State | null, bytes: Uint8Array, objects: Objects): Applied {
  const before = state?.chain ?? EMPTY_CHAIN;
  const { entry, chain } = link(before, bytes);
  const { facts, claims } = judge(state?.facts ?? null, entry, objects, historyOf(before));
  return { state: { chain, facts }, entry, claims };
}

/** Judges an entry apart from its place in the chain, which the caller has verified. */
export function judge(facts: Facts | null, entry: Entry, objects: Objects, history: History): Judgement {
  const surroundings = { objects, history };
  if (facts === null) {
    must(entry.kind === 'genesis', 'wrong_genesis', `expected genesis at entry 0, got ${entry.kind}`);
    const founded = judgeGenesis(entry, surroundings);
    requireMendable(founded.facts, entry.time);
    return { ...founded, facts: withFirstSeen(founded.facts, entry) };
  }
  const { grade } = facts.genesis;
  must(entry.grade === grade, 'wrong_grade', `expected an entry of grade ${grade}, got ${entry.grade}`);
  requireSoundDate(facts, entry);
  const judgement = judgeKind(facts, entry, surroundings);
  requireMendablePolicies(facts, judgement.facts, entry.time);
  const after = withFirstSeen(withAttested(judgement.facts, entry), entry);
  return { ...judgement, facts: withoutForgotten(after, entry.index) };
}

/** Every policy that an entry proposes or puts in force leaves a way to another. */
function requireMendablePolicies(before: Facts, after: Facts, timeMs: number): void {
  if (!isPolicyInForce(before, policyInForce(after).digest)) requireMendable(after, timeMs);
  for (const [digest, document] of after.proposedPolicies) {
    const isNew = !before.proposedPolicies.has(digest);
    if (isNew) requireMendable(withPolicy(after, { digest: digestOfObject(document), document }), timeMs);
  }
}

function judgeKind(facts: Facts, entry: Entry, surroundings: Surroundings): Judgement {
  switch (entry.kind) {
    case 'genesis':
      throw new TwinlockError('wrong_genesis', 'a log has one genesis, at entry 0');
    case 'deposit':
      return judgeDeposit(facts, entry, surroundings);
    case 'proposal':
      return judgeProposal(facts, entry, surroundings);
    case 'approval':
      return judgeApproval(facts, entry, surroundings);
    case 'release':
      return judgeRelease(facts, entry);
    case 'receipt':
      return judgeReceipt(facts, entry);
    case 'stop':
      return judgeStop(facts, entry);
    case 'expiry':
      return judgeExpiry(facts, entry);
    case 'refusal':
      return judgeRefusal(facts, entry);
    // A heartbeat says that the vault was running. It changes nothing.
    case 'heartbeat':
      return { facts, claims: [] };
  }
}

/** The digests of the evidential objects that the fold needs with an entry, each once. */
export function objectsNamed(entry: Entry): readonly Hex[] {
  switch (entry.kind) {
    case 'genesis':
    case 'proposal':
      return objectsOfStatement(parseStatement(entry.body.statement));
    case 'deposit':
      return [entry.body.manifest];
    default:
      return [];
  }
}

/** The digests of the evidential objects that a statement brings, each once. */
export function objectsOfStatement(statement: Statement): readonly Hex[] {
  switch (statement.kind) {
    case 'genesis':
      return [...new Set([statement.policy, ...statement.members.flatMap((member) => member.enrolments)])];
    case 'policy':
      return [statement.document];
    case 'release':
      return [...new Set(statement.hosts.flatMap((host) => [host.evidence, host.endorsements, host.appraisal]))];
    default:
      return [];
  }
}
