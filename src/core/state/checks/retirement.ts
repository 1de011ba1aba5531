import { counted } from '../../counted.ts';
import { must } from '../../errors.ts';
import { committeeInForce } from '../committees.ts';
import { reachOf } from '../reach.ts';
import type { Facts, Member } from '../state.ts';

/** The members of the committee who have an authenticator in use. */
export function ableMembers(facts: Pick<Facts, 'committee' | 'authenticators'>): readonly Member[] {
  return committeeInForce(facts).members.filter(({ person }) =>
    facts.authenticators.some((authenticator) => authenticator.person === person && authenticator.retiredAt === null),
  );
}

/**
 * No retirement by one person may leave fewer custodians who can act than a quorum takes, or a group of policy
 * without any: no quorum could ever undo it. A stolen key is stopped all the same, by a stop of everything, and
 * retired once another has been enrolled. Throws `quorum_unreachable`.
 */
export function requireStillDecides(facts: Facts): void {
  const { able, reachable } = reachOf(facts, []);
  must(
    reachable,
    'quorum_unreachable',
    `this would leave ${counted(able.length, 'custodian')} who can act, too few to approve anything: stop everything instead`,
  );
}
