import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Hex } from '../../../../src/core/bytes.ts';
import type { TwinlockError } from '../../../../src/core/errors.ts';
import { isRelease } from '../../../../src/core/state/lifecycle.ts';
import { OVERTAKING } from '../../../../src/core/state/overtaking.ts';
import { namedReach, reachAdvice } from '../../../../src/core/state/reach.ts';
import { howToEnd } from '../../../../src/core/state/standing.ts';
import type { Facts, RecordedStop } from '../../../../src/core/state/state.ts';
import { type Review, review } from '../../../custodian/review.ts';
import { instant } from '../format.ts';
import { Digest } from '../parts/digest.tsx';
import { Exactly } from '../parts/exactly.tsx';
import { Failure } from '../parts/failure.tsx';
import { asFailure, Mark, Notice } from '../parts/notice.tsx';
import { Person } from '../parts/person.tsx';
import { PolicyChangePanel } from '../parts/policy-change.tsx';
import { ReachList, sentence } from '../parts/reach.tsx';
import { Screen } from '../parts/screen.tsx';
import { Quoted } from '../parts/text.tsx';
import { phaseOf, titleOf } from '../parts/title.ts';
import { OwnTime } from '../stopping/stopped-banner.tsx';
import { now, withReplica } from '../vault.ts';
import { ChangesPanel } from './changes.tsx';
import { DecidePanel } from './decide.tsx';
import { HostsPanel } from './hosts.tsx';
import { AskedPanel, PolicyPanel, WhatPanel } from './panels.tsx';
import { ServedPanel } from './served.tsx';

/** Milliseconds between two checks of clocks and expiry. */
const REVIEW_MS = 30_000;

/** One proposal, in the order in which a custodian judges it (design: webauthn, "Page"). */
export function ProposalScreen({ digest, facts }: { digest: Hex; facts: Facts }) {
  const reviewed = useSignal<Review | null>(null);
  const failure = useSignal<TwinlockError | null>(null);
  const tick = Math.floor(now.value / REVIEW_MS);
  useEffect(() => {
    let isCurrent = true;
    const set = (result: Review | null, error: TwinlockError | null) => {
      if (!isCurrent) return;
      reviewed.value = result;
      failure.value = error;
    };
    withReplica((replica, custodian) => review(custodian, replica, digest)).then(
      (result) => set(result, null),
      (thrown) => set(null, asFailure(thrown)),
    );
    return () => {
      isCurrent = false;
    };
  }, [digest, facts, tick]);

  if (failure.value !== null) {
    return (
      <Screen title="This proposal cannot be shown">
        <Failure error={failure.value} />
      </Screen>
    );
  }
  if (reviewed.value?.digest !== digest) return <p class="quiet">Checking the proposal and its evidence…</p>;
  return <ProposalReview review={reviewed.value} facts={facts} />;
}

export function ProposalReview({ review, facts }: { review: Review; facts: Facts }) {
  const { proposal } = review;
  const [tone, phase] = phaseOf(facts, proposal, now.value);
  return (
    <Screen title={titleOf(review.statement)}>
      <p class="row">
        <Mark tone={tone}>{phase}</Mark>
        {review.grade === 'simulation' ? <Mark tone="warn">simulation</Mark> : null}
      </p>
      <Overtaken review={review} />
      <Unreachable review={review} facts={facts} />
      {proposal.stop === null ? null : <EndedBy phase={phase} stop={proposal.stop} facts={facts} />}
      <WhatPanel review={review} facts={facts} />
      <AskedPanel review={review} facts={facts} />
      <PolicyPanel review={review} facts={facts} />
      {review.hosts.length === 0 ? null : <HostsPanel review={review} />}
      {review.policyChange === null ? null : <PolicyChangePanel change={review.policyChange} />}
      {isRelease(proposal) && review.standing === 'open' ? <ChangesPanel changes={review.changes} /> : null}
      <ServedPanel review={review} facts={facts} />
      <DecidePanel key={review.digest} review={review} facts={facts} />
      <Exactly statement={review.statement} />
    </Screen>
  );
}

interface EndedByProps {
  /** `withdrawn` or `revoked`. */
  readonly phase: string;
  readonly stop: RecordedStop;
  readonly facts: Facts;
}

/** The person who withdrew or revoked it, with the time and the reason. */
function EndedBy({ phase, stop: { person, reason, created, time, index }, facts }: EndedByProps) {
  return (
    <p>
      {capitalised(phase)} by <Person facts={facts} person={person} /> in entry {index}, {instant(time)}:{' '}
      <Quoted of={reason} />
      <OwnTime of={{ created, time }} />
    </p>
  );
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Warns where a change of policy overtook a proposal: its votes count again if the old policy returns. */
function Overtaken({ review: { overtaken, statement } }: { review: Review }) {
  if (overtaken === null) return null;
  return (
    <Notice tone="warn" title={`Overtaken: ${OVERTAKING[overtaken]}. It cannot take effect`}>
      {overtaken === 'policy' ? (
        <p>
          If the policy <Digest hex={statement.policy} /> is in force again before {instant(statement.expires)}, this
          can take effect, with the votes that it has. To prevent that, {howToEnd(statement)}.
        </p>
      ) : null}
    </Notice>
  );
}

/** Warns while a proposal waits that no quorum can approve it. */
function Unreachable({ review: { reach }, facts }: { review: Review; facts: Facts }) {
  if (reach === null || reach.reachable) return null;
  return (
    <Notice tone="bad" title="No quorum can approve this">
      <ReachList reach={reach} facts={facts} />
      <p>{sentence(reachAdvice(namedReach(facts, reach)))}</p>
    </Notice>
  );
}
