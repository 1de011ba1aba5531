import type { Hex } from '../bytes.ts';
import type { Facts } from './state.ts';

/** A policy, and the entry that put it in force: 0 for that of genesis, else the last approval that its change needed. */
export interface PolicyInForce {
  readonly digest: Hex;
  readonly since: number;
}

/**
 * The policy that was in force when entry `index` was judged, by the facts of this or of a longer log. What was
 * proposed, approved or released then rests on it, and not on the policy in force now.
 */
export function policyAt({ genesis, proposals }: Facts, index: number): PolicyInForce {
  let found: PolicyInForce = { digest: genesis.policy, since: 0 };
  for (const { statement, phase, votes } of proposals.values()) {
    if (statement.kind !== 'policy' || phase !== 'executed') continue;
    const since = votes.at(-1)?.index ?? 0;
    if (since > found.since && since < index) found = { digest: statement.document, since };
  }
  return found;
}
