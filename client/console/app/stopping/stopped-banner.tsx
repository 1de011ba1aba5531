import type { StopInForce } from '../../../../src/core/state/state.ts';
import { instant } from '../format.ts';
import { facts, status } from '../vault.ts';

/** On every page while it lasts: who stopped the vault, when and why. */
export function StoppedBanner() {
  const stops = facts.value?.stopped ?? null;
  if (stops !== null) return <Banner stops={stops} />;
  // Before anybody has signed in there is the vault's word and nothing else.
  const isSaid = facts.value === null && status.value?.phase === 'stopped';
  return isSaid ? (
    <p class="stopped" role="status">
      The vault says that it is stopped. Sign in to see who stopped it, and why.
    </p>
  ) : null;
}

function Banner({ stops }: { stops: readonly StopInForce[] }) {
  return (
    <section class="stopped" role="status" aria-label="The vault is stopped">
      <strong>The vault is stopped.</strong> Nothing is released and nothing is served, until a quorum resumes it:{' '}
      <a href="#/propose">propose to resume it</a>.
      <ul>
        {stops.map(({ digest, name, reason, created, time }) => (
          <li key={digest}>
            <strong>{name}</strong> stopped it at {instant(time)}: “{reason}”
            {Math.abs(time - created) > CLOCKS_DIFFER_MS ? ` (signed at ${instant(created)} by their own clock)` : ''}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What is carried by hand, or signed by another clock, says both times. */
const CLOCKS_DIFFER_MS = 60_000;
