import type { Hex } from '../bytes.ts';
import type { Policy } from '../statement/policy.ts';
import type { Facts, PolicyInForce } from './state.ts';

/** A policy and its SHA-256, hex. */
export interface NamedPolicy {
  readonly digest: Hex;
  readonly document: Policy;
}

/** The policy by which the vault decides now. */
export function policyInForce({ policy }: Pick<Facts, 'policy'>): NamedPolicy {
  return policy;
}

/** Whether the policy under this digest is the one by which the vault decides now. */
export function isPolicyInForce(facts: Pick<Facts, 'policy'>, digest: Hex): boolean {
  return policyInForce(facts).digest === digest;
}

/**
 * The policy by which a statement is counted and limited. A statement is proposed, approved and takes effect only while
 * the policy that it names is in force (requireCurrent), so that policy is the one in force. The facts do not keep the
 * documents of earlier policies: a list that shows a statement of an earlier one counts it by the policy in force.
 */
export function policyOf(facts: Pick<Facts, 'policy'>, _statement: { readonly policy: Hex }): NamedPolicy {
  return policyInForce(facts);
}

/**
 * The policy that was in force when entry `index` was judged, by the facts of this or of a longer log that still keep the
 * entry's proposal. What was proposed, approved or released then rests on it, and not on the policy in force now.
 */
export function policyAt({ policies }: Pick<Facts, 'policies'>, index: number): PolicyInForce {
  const before = policies.findLast(({ since }) => since < index);
  return before ?? (policies[0] as PolicyInForce);
}

/** The facts as they are, or would be, with another policy in force. */
export function withPolicy(facts: Facts, { digest, document }: NamedPolicy): Facts {
  return { ...facts, policy: { digest, document } };
}
