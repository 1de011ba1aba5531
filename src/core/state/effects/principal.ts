import { toHex, ZERO_32 } from '../../bytes.ts';
import { must } from '../../errors.ts';
import type { StatementOf } from '../../statement/statement.ts';
import { possessionClaim, withOwner } from '../rules/genesis.ts';
import type { Effect } from './effect.ts';

/** Enrols a machine's key. Its owner is whom it is about, so the owner has no vote. */
export const principalEffect: Effect<StatementOf<'principal'>> = {
  base: () => toHex(ZERO_32),
  barred: (_facts, { principal }) => [principal.owner],
  propose(facts, { principal }) {
    must(!facts.principals.has(principal.key), 'principal_exists', `the key ${principal.key} is enrolled already`);
    withOwner(facts.persons, principal);
    return { facts, claims: [possessionClaim(principal)] };
  },
  approve: () => undefined,
  execute(facts, { principal }, entries) {
    must(!facts.principals.has(principal.key), 'principal_exists', `the key ${principal.key} is enrolled already`);
    return {
      ...facts,
      persons: withOwner(facts.persons, principal),
      principals: facts.principals.set(principal.key, { ...principal, retiredAt: null, entries }),
    };
  },
};
