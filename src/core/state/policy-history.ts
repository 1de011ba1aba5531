import type { Facts, PolicyInForce } from './state.ts';

/**
 * The policy that was in force when entry `index` was judged, by the facts of this or of a longer log that still keep the
 * entry's proposal. What was proposed, approved or released then rests on it, and not on the policy in force now.
 */
export function policyAt({ policies }: Pick<Facts, 'policies'>, index: number): PolicyInForce {
  const before = policies.findLast(({ since }) => since < index);
  return before ?? (policies[0] as PolicyInForce);
}
