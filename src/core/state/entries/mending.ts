import { Map as PersistentMap } from 'immutable';
import { NO_REFERENCE_VALUES } from '../../attest/reference-values.ts';
import { type Hex, toHex, ZERO_32 } from '../../bytes.ts';
import { canonicalBytes, digestOf } from '../../canonical.ts';
import { must, TwinlockError } from '../../errors.ts';
import { unlessRefused } from '../../refusal.ts';
import type { Policy } from '../../statement/policy.ts';
import { parseStatement, type StatementOf } from '../../statement/statement.ts';
import type { History } from '../chain.ts';
import { ableMembers } from '../checks/retirement.ts';
import { committeeInForce } from '../committees.ts';
import { isPolicyInForce, policyInForce } from '../policies.ts';
import type { Facts, Stated } from '../state.ts';
import { requireMayDecide, withVote } from './approval.ts';
import { effectOfProposal } from './proposal.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Custodians are people: what must be approved sooner than this after it is proposed never is. */
const TIME_TO_APPROVE_MS = 60 * 60_000;
/** The plainest policy: it refuses every host, and a committee can agree on it before it agrees on anything else. */
const PLAINEST: Policy = {
  v: 1,
  kind: 'policy',
  groups: [],
  veto: false,
  authenticators: { aaguids: [], roots: [] },
  referenceValues: NO_REFERENCE_VALUES,
  limits: { proposalMs: DAY_MS, leaseMs: DAY_MS, hosts: 1, bytesPerRelease: '0', bytesPerDay: '0' },
  publication: { evaluation: false, modelSignature: false },
};
/** A log of any root: this trial does not judge what approvers have verified. */
const ROOT = toHex(ZERO_32);
const ANY_HISTORY: History = { rootAt: () => ROOT, timesSince: () => [] };

/**
 * Requires that another policy can replace the policy in force. The function proposes the plainest policy, lets each
 * custodian who can approve it one hour later, and judges this with the rules for any change. A group may not have one
 * person only either: the others could not retire a stolen key of that person. Throws `quorum_unreachable`.
 */
export function requireMendable(facts: Facts, timeMs: number): void {
  const fault = unlessRefused(
    TwinlockError,
    () => mend(facts, timeMs),
    ({ message }) => message,
  );
  must(fault === null, 'quorum_unreachable', `policy: no other could be put in force under it: ${fault}`);
  requireGroupsOfTwo(facts);
}

/** Requires two able custodians in each group: the owner of a key has no vote on its retirement. */
function requireGroupsOfTwo(facts: Facts): void {
  const able = ableMembers(facts);
  const alone = policyInForce(facts).document.groups.find(
    (group) => able.filter((member) => member.groups.includes(group)).length < 2,
  );
  must(
    alone === undefined,
    'quorum_unreachable',
    `policy: group ${alone} needs two custodians who can act: a stolen key of its only one could not be retired`,
  );
}

/** Tries the change. The error it throws is that of the rule that prevents the change. */
function mend(facts: Facts, timeMs: number): string | null {
  const custodians = ableCustodians(facts);
  const bytes = canonicalBytes(anotherThan(policyInForce(facts).digest));
  const statement = changeTo(digestOf(bytes), facts, custodians[0] ?? { person: '', credential: '' }, timeMs);
  // Open proposals are left out: their proposers could withdraw them first.
  const before = { ...facts, proposedPolicies: PersistentMap<Hex, Policy>(), statements: PersistentMap<Hex, Stated>() };
  const surroundings = { objects: new Map([[statement.document, bytes]]), history: ANY_HISTORY };
  const { digest, facts: asked } = effectOfProposal(before, statement, { index: 1, time: timeMs }, surroundings);
  let after = asked;
  const time = timeMs + TIME_TO_APPROVE_MS;
  const vote = {
    proposal: digest,
    decision: 'approve',
    reason: null,
    checkpoint: { origin: facts.genesis.log.origin, size: 2, root: ROOT },
    time,
  } as const;
  for (const custodian of custodians) {
    if (isPolicyInForce(after, statement.document)) break;
    const { proposal } = requireMayDecide(after, { ...vote, ...custodian }, time, ANY_HISTORY);
    after = withVote(after, proposal, { ...custodian, decision: 'approve', reason: null, index: 2, time });
  }
  return isPolicyInForce(after, statement.document)
    ? null
    : 'all custodians who can approve have approved, and they are too few';
}

function anotherThan(digest: Hex): Policy {
  const isPlainest = digestOf(canonicalBytes(PLAINEST)) === digest;
  return isPlainest ? { ...PLAINEST, veto: true } : PLAINEST;
}

function ableCustodians(facts: Facts) {
  return committeeInForce(facts).members.flatMap(({ person }) => {
    const own = facts.authenticators.find((one) => one.person === person && one.retiredAt === null);
    return own === undefined ? [] : [{ person, credential: own.credential }];
  });
}

function changeTo(
  document: Hex,
  facts: Facts,
  proposer: { readonly person: Hex; readonly credential: string },
  timeMs: number,
): StatementOf<'policy'> {
  const { vault, genesis } = facts;
  const [committee, policy] = [committeeInForce(facts), policyInForce(facts)];
  return parseStatement({
    v: 1,
    kind: 'policy',
    grade: genesis.grade,
    vault,
    committee: committee.id,
    epoch: committee.epoch,
    policy: policy.digest,
    base: policy.digest,
    proposer: { kind: 'custodian', ...proposer },
    logSize: 1,
    nonce: ROOT,
    created: timeMs,
    expires: timeMs + policy.document.limits.proposalMs,
    document,
    reason: 'mend the policy',
  }) as StatementOf<'policy'>;
}
