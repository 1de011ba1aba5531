import { signedBefore } from '../../../../src/core/state/running.ts';
import type { Facts, RecordedStop } from '../../../../src/core/state/state.ts';
import { instant } from '../format.ts';
import { Person } from '../parts/person.tsx';
import { Text } from '../parts/text.tsx';
import { facts, status } from '../vault.ts';

/** On every page while it lasts: who stopped the vault, when and why. */
export function StoppedBanner() {
  const known = facts.value;
  if (known !== null && known.stopped !== null) return <Banner facts={known} stops={known.stopped} />;
  // Before anybody has signed in there is the vault's word and nothing else.
  const isSaid = known === null && status.value?.phase === 'stopped';
  return isSaid ? (
    <p class="stopped" role="status">
      The vault says that it is stopped. Sign in to see who stopped it, and why.
    </p>
  ) : null;
}

function Banner({ facts: known, stops }: { facts: Facts; stops: readonly RecordedStop[] }) {
  return (
    <section class="stopped" role="status" aria-label="The vault is stopped">
      <strong>The vault is stopped.</strong> Nothing is released and nothing is served, until a quorum resumes it:{' '}
      <a href="#/propose">propose to resume it</a>.
      <ul>
        {stops.map(({ digest, person, reason, created, time }) => (
          <li key={digest}>
            <Person facts={known} person={person} /> stopped it at {instant(time)}: “
            <Text of={reason} />”
            <OwnTime of={{ created, time }} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What is carried by hand, or signed by another clock, says both times. */
export function OwnTime({ of }: { of: Pick<RecordedStop, 'created' | 'time'> }) {
  const signed = signedBefore(of);
  return signed === null ? null : <> (signed at {instant(signed)} by their own clock)</>;
}
