import { heldBackBy } from '../../../../src/core/state/entries/release.ts';
import type { Facts, Proposable } from '../../../../src/core/state/state.ts';
import type { Review } from '../../../custodian/review.ts';
import { counted } from '../../../display/exact.ts';
import { now } from '../vault.ts';
import { wantingText } from './panels.tsx';

/** For a proposal that lost its quorum because a key was retired: the log closes a proposal only by denials. */
export const OPEN_IN_VAIN = 'stays open until it is withdrawn or expires, and no quorum can approve it any more';

/** Shows before the touch what an approval leaves to do, in numbers, and whether a denial ends the proposal. */
export function WhatADecisionBrings({ review: { decisions, statement }, facts }: { review: Review; facts: Facts }) {
  if (decisions === null) return null;
  const { wantingAfterApproval, isDeniedAtOnce } = decisions;
  const wanting = wantingText(wantingAfterApproval.wanting, wantingAfterApproval.missingGroups);
  const approval = wanting === 'nothing' ? effectOfQuorum(statement, facts) : `it waits for ${wanting}`;
  const denial = isDeniedAtOnce ? 'it is denied at once, and must be proposed again' : afterDenial(decisions);
  return (
    <p>
      If you approve it, {approval}. If you deny it, {denial}.
    </p>
  );
}

/** The effect of the last approval that a quorum needs. */
function effectOfQuorum(statement: Proposable, facts: Facts): string {
  if (statement.kind !== 'release') return 'it takes effect at once';
  switch (heldBackBy(facts, statement, now.value)) {
    case null:
      return 'it is released at once';
    case 'stop':
      return 'it is approved, and released once a quorum has resumed the vault, with no other touch';
    case 'budget':
      return 'it is approved, and released, with no other touch, once the day’s budget of bytes has room for it';
  }
}

function afterDenial({ othersAfterDenial, isReachableAfterDenial }: NonNullable<Review['decisions']>): string {
  if (!isReachableAfterDenial) return `it ${OPEN_IN_VAIN}`;
  return `it stays open: ${counted(othersAfterDenial, 'other')} can still approve it`;
}
