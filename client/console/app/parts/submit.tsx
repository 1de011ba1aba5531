import type { ComponentChildren } from 'preact';
import type { TwinlockError } from '../../../../src/core/errors.ts';
import type { Facts } from '../../../../src/core/state/state.ts';
import { type Proposition, propose, WaitsError } from '../../../custodian/propose.ts';
import { go } from '../route.ts';
import { act } from '../vault.ts';
import { type Action, GrantButton, useAction } from './action.tsx';

/**
 * Proposes what `make` returns for the current facts, with one touch; then the page shows the proposal. Where another
 * person's proposal for the same waits, the first press says so, and the second press proposes anyway.
 */
export function useProposing(make: () => (facts: Facts) => Proposition): Action {
  return useAction(async (before) => {
    const proposition = make();
    const { digest } = await act((replica, self) =>
      propose(self, replica, proposition(replica.facts), { besides: isOthersWaiting(before) }),
    );
    go(`/proposals/${digest}`);
  });
}

interface ProposeButtonProps {
  readonly action: Action;
  readonly kind?: 'primary';
  readonly waits?: string | null;
  readonly children: ComponentChildren;
}

/** The button of `useProposing`, with a link to a waiting proposal for the same. */
export function ProposeButton({ action, children, ...rest }: ProposeButtonProps) {
  const { error } = action;
  return (
    <div class="row">
      {error instanceof WaitsError ? <a href={`#/proposals/${error.proposal}`}>See the one that waits</a> : null}
      <GrantButton action={action} {...rest}>
        {isOthersWaiting(error) ? 'Propose it anyway' : children}
      </GrantButton>
    </div>
  );
}

function isOthersWaiting(error: TwinlockError | null): boolean {
  return error instanceof WaitsError && error.isOthers;
}
