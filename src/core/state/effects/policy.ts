import { must } from '../../errors.ts';
import { type Policy, parsePolicy } from '../../statement/policy.ts';
import type { StatementOf } from '../../statement/statement.ts';
import { objectOf } from '../judgement.ts';
import { policyHolds } from '../rules/policy.ts';
import type { Facts } from '../state.ts';
import type { Effect } from './effect.ts';

/** Puts another policy in force. Whatever was proposed under the old one can no longer take effect. */
export const policyEffect: Effect<StatementOf<'policy'>> = {
  base: ({ policy }) => policy.digest,
  // It is about nobody in particular, so whoever proposes it may approve as well.
  barred: () => [],
  propose(facts, { document }, _entry, { objects }) {
    must(document !== facts.policy.digest, 'exists', 'policy.document: this is the policy that is in force');
    const { policy } = parsePolicy(objectOf(objects, document, 'policy'));
    mayBeInForce(facts, policy);
    return { claims: [], facts: { ...facts, proposedPolicies: facts.proposedPolicies.set(document, policy) } };
  },
  approve: () => undefined,
  execute(facts, { document: digest }, entries) {
    // Kept ever since it was proposed: a policy that comes back makes what was proposed on it current again.
    const document = facts.proposedPolicies.get(digest) as Policy;
    mayBeInForce(facts, document);
    return {
      ...facts,
      policy: { digest, document },
      constitution: [...facts.constitution, ...entries],
    };
  },
};

/** Whoever is the last of a group may have retired their authenticator since it was proposed. */
function mayBeInForce({ genesis, committee, authenticators }: Facts, policy: Policy): void {
  const voters = committee.members.filter(({ person }) =>
    authenticators.some((authenticator) => authenticator.person === person && authenticator.retiredAt === null),
  );
  policyHolds(policy, genesis.grade, voters);
}
