import type { Facts } from '../../../../src/core/state/state.ts';
import { type Proposition, propose } from '../../../custodian/propose.ts';
import { go } from '../route.ts';
import { act } from '../vault.ts';

/** Proposes what `make` says over the facts as they are now, with one touch; then the page shows the proposal. */
export async function submitProposal(make: (facts: Facts) => Proposition): Promise<void> {
  const { digest } = await act((replica, self) => propose(self, replica, make(replica.facts)));
  go(`/proposals/${digest}`);
}
