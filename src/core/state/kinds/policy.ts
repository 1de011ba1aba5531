import { must } from '../../errors.ts';
import type { Policy } from '../../statement/policy.ts';
import { type StatementOf, statementDigest } from '../../statement/statement.ts';
import { requireSoundPolicy } from '../checks/policy.ts';
import { policyObject } from '../objects.ts';
import { isPolicyInForce, policyInForce } from '../policies.ts';
import type { Facts } from '../state.ts';
import type { Effect } from './kind.ts';

/**
 * Every reader keeps the open policies in memory, each up to MAX_POLICY_BYTES, so one person may have only this many.
 */
const OPEN_POLICIES_MAX = 4;

/** Puts another policy in force. What was proposed under the old one takes effect only while it is in force again. */
export const policyEffect: Effect<StatementOf<'policy'>> = {
  base: (facts) => policyInForce(facts).digest,
  // It is not about one person, so its proposer may approve as well.
  barred: () => [],
  propose(facts, statement, _entry, { objects }) {
    const { document } = statement;
    must(!isPolicyInForce(facts, document), 'exists', 'policy.document: this is the policy that is in force');
    requireFewOpen(facts, statement);
    const policy = policyObject(objects, document);
    requireSoundPolicy(policy, facts.genesis.grade);
    const proposedPolicies = facts.proposedPolicies.set(statementDigest(statement), policy);
    return { claims: [], facts: { ...facts, proposedPolicies } };
  },
  // The policy that it rests on and the one that it replaces are the same. Whether it leaves a way to another,
  // `standing` says.
  overtaken: () => null,
  approve: () => undefined,
  execute(facts, statement, last) {
    // Kept while its proposal is open, also under another policy: one that comes back makes it current again.
    const document = facts.proposedPolicies.get(statementDigest(statement)) as Policy;
    requireSoundPolicy(document, facts.genesis.grade);
    return {
      ...facts,
      policy: { digest: statement.document, document },
      policies: [...facts.policies, { digest: statement.document, since: last.index }],
      policyChanges: facts.policyChanges + 1,
    };
  },
};

/** An open proposal counts, and is kept, until an entry closes it or says that it has expired. */
function requireFewOpen({ proposals, proposedPolicies }: Facts, { proposer: { person } }: StatementOf<'policy'>): void {
  const open = proposedPolicies.keySeq().count((digest) => proposals.get(digest)?.statement.proposer.person === person);
  must(
    open < OPEN_POLICIES_MAX,
    'limit_exceeded',
    `expected at most ${OPEN_POLICIES_MAX} open proposals of a policy by one person: withdraw one first`,
  );
}
