import { toHex, ZERO_32 } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import { orNull } from '../../refusal.ts';
import type { PrincipalRecord, StatementOf } from '../../statement/statement.ts';
import { requireDistinctKeyName, withOwner } from '../checks/names.ts';
import { possessionClaim } from '../checks/signatures.ts';
import type { Facts } from '../state.ts';
import type { Effect } from './kind.ts';

/** Enrols a machine's key. Its owner is whom it is about, so the owner has no vote. */
export const principalEffect: Effect<StatementOf<'principal'>> = {
  base: () => toHex(ZERO_32),
  barred: (_facts, { principal }) => [principal.owner],
  propose(facts, { principal }) {
    withPrincipalsOwner(facts, principal);
    return { facts, claims: [possessionClaim(principal)] };
  },
  overtaken(facts, { principal }) {
    if (facts.principals.has(principal.key)) return 'machine_enrolled';
    return orNull(TwinlockError, () => withPrincipalsOwner(facts, principal)) === null ? 'name_taken' : null;
  },
  // Another may have been enrolled since it was proposed: an approver is told so before the touch.
  approve(facts, { principal }) {
    withPrincipalsOwner(facts, principal);
  },
  execute(facts, { principal }) {
    return {
      ...facts,
      persons: withPrincipalsOwner(facts, principal),
      principals: facts.principals.set(principal.key, { ...principal, retiredAt: null, stop: null }),
    };
  },
};

/**
 * The persons with the owner of a key that would be enrolled. Throws `principal_exists` where the key is known or looks
 * like another, and `person_exists` where its owner looks like another person.
 */
export function withPrincipalsOwner(facts: Facts, principal: PrincipalRecord): Facts['persons'] {
  must(!facts.principals.has(principal.key), 'principal_exists', `the key ${principal.key} is enrolled already`);
  requireDistinctKeyName(facts.principals.values(), principal);
  return withOwner(facts.persons, principal);
}
