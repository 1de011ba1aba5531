import { toHex, ZERO_32 } from '../../bytes.ts';
import { must } from '../../errors.ts';
import type { StatementOf } from '../../statement/statement.ts';
import type { EnrolledAuthenticator, Facts } from '../state.ts';
import type { Effect } from './kind.ts';

/**
 * Retires an authenticator of a person who cannot, or must not, do it alone: a thief could retire its
 * owner's others first. Its person has no vote, so none of their keys counts, the stolen one least of all. The
 * quorum has authenticators in use, so what remains can still decide.
 */
export const authenticatorEffect: Effect<StatementOf<'authenticator'>> = {
  base: () => toHex(ZERO_32),
  barred: (_facts, { person }) => [person],
  propose(facts, statement) {
    inUse(facts, statement);
    return { facts, claims: [] };
  },
  overtaken: ({ authenticators }, { credential }) =>
    authenticators.get(credential)?.retiredAt === null ? null : 'key_retired',
  approve: () => undefined,
  execute(facts, statement, last) {
    const retired = { ...inUse(facts, statement), retiredAt: last.index };
    return {
      ...facts,
      authenticators: facts.authenticators.set(retired.credential, retired),
    };
  },
};

/** The authenticator that is named with its person. */
function inUse({ authenticators }: Facts, { credential, person }: StatementOf<'authenticator'>): EnrolledAuthenticator {
  const found = authenticators.get(credential);
  must(found?.person === person, 'credential_unknown', `person ${person} has no authenticator with this credential`);
  must(found.retiredAt === null, 'credential_retired', 'the authenticator has been retired already');
  return found;
}
