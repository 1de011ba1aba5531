import { signedBefore } from '../../../../src/core/state/running.ts';
import { standingOf } from '../../../../src/core/state/standing.ts';
import type { Facts, Proposal, RecordedStop } from '../../../../src/core/state/state.ts';
import { instant } from '../format.ts';
import { Person } from '../parts/person.tsx';
import { Quoted } from '../parts/text.tsx';
import { facts, now, status } from '../vault.ts';

/** Shown on every page while the vault is stopped: who stopped it, when and why. */
export function StoppedBanner() {
  const known = facts.value;
  if (known !== null && known.stopped !== null) return <Banner facts={known} stops={known.stopped} />;
  // Before sign-in, the page has only the vault's claim.
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
      <strong>The vault is stopped.</strong> It releases and serves nothing until a quorum resumes it.
      <StopList facts={known} stops={stops} />
      <Resuming facts={known} proposals={resumptionsOf(known)} />
    </section>
  );
}

/** One line for each stop: who stopped the vault, when and why. */
export function StopList({ facts: known, stops }: { facts: Facts; stops: readonly RecordedStop[] }) {
  return (
    <ul>
      {stops.map(({ digest, person, reason, created, time }) => (
        <li key={digest}>
          <Person facts={known} person={person} /> stopped it at {instant(time)}: <Quoted of={reason} />
          <OwnTime of={{ created, time }} />
        </li>
      ))}
    </ul>
  );
}

/** Links to the proposed resumptions, or to a proposal of one. */
function Resuming({ facts: known, proposals }: { facts: Facts; proposals: readonly Proposal[] }) {
  if (proposals.length === 0)
    return (
      <p>
        <a href="#/propose">Propose to resume it</a>
      </p>
    );
  return (
    <>
      {proposals.map(({ digest, statement }) => (
        <p key={digest}>
          <Person facts={known} person={statement.proposer.person} /> has proposed to resume it:{' '}
          <a href={`#/proposals/${digest}`}>decide</a>
        </p>
      ))}
    </>
  );
}

/** The resumptions that can take effect: each names the last stop, so one more stop overtakes it. */
function resumptionsOf(known: Facts): readonly Proposal[] {
  return known.proposals
    .valueSeq()
    .filter((proposal) => {
      return proposal.statement.kind === 'resume' && standingOf(known, proposal, now.value) === 'open';
    })
    .toArray();
}

/** Shows the signer's own time where it differs, for instance where a person carried the stop. */
export function OwnTime({ of }: { of: Pick<RecordedStop, 'created' | 'time'> }) {
  const signed = signedBefore(of);
  return signed === null ? null : <> (signed at {instant(signed)} by their own clock)</>;
}
