import { servedOnceResumed } from '../../../../src/core/state/served.ts';
import type { Facts, Proposal, RecordedStop } from '../../../../src/core/state/state.ts';
import { MachineName, Person } from '../parts/person.tsx';
import { Proposer } from '../parts/proposer.tsx';
import { Panel, Screen } from '../parts/screen.tsx';
import { Text } from '../parts/text.tsx';
import { titleOf } from '../parts/title.ts';
import { custodian, now } from '../vault.ts';
import { stopNow } from './signed-stops.ts';
import { StopAll } from './stop-all.tsx';
import { StopForm } from './stop-form.tsx';

/** The page of everything that one custodian can stop alone. */
export function StopScreen({ facts }: { facts: Facts }) {
  const releases = servedOnceResumed(facts, now.value);
  const keys = facts.principals
    .valueSeq()
    .filter(({ retiredAt }) => retiredAt === null)
    .toArray();
  return (
    <Screen
      title="Stop"
      lead="You can stop alone, without another custodian’s consent. If you are in doubt, stop: a quorum can resume."
    >
      {facts.stopped === null ? null : <p>{stoppedText(facts.stopped, custodian.value?.person)}</p>}
      <Panel title="Stop everything">
        <StopAll stop={(reason) => stopNow({ what: 'all', reason })} />
      </Panel>
      <Panel
        title={facts.stopped === null ? 'Releases in force' : 'Releases that the vault serves again after a resumption'}
      >
        {releases.length === 0 ? <p class="quiet">None.</p> : null}
        <ul class="rows">
          {releases.map((release) => (
            <ReleaseRow key={release.digest} facts={facts} release={release} />
          ))}
        </ul>
      </Panel>
      <Panel title="Keys of machines">
        {keys.length === 0 ? <p class="quiet">None.</p> : null}
        <ul class="rows">
          {keys.map(({ key, name, role, owner }) => (
            <li key={key} class="stack">
              <div class="row">
                <strong>
                  <MachineName of={name} />
                </strong>
                <span>
                  {role}, of <Person facts={facts} person={owner} />
                </span>
              </div>
              <StopForm stopping={{ what: 'principal', key }} label="Retire this machine’s key" />
            </li>
          ))}
        </ul>
      </Panel>
      <p class="quiet">
        You un-publish a version under <a href="#/versions">Versions</a>, and withdraw one in quarantine there. You
        retire a lost security key of your own under <a href="#/committee">Committee</a>, alone; you propose to retire
        another’s under <a href="#/propose">Propose</a>.
      </p>
    </Screen>
  );
}

/**
 * Tells whether another stop has an effect: a stop by a second person is recorded, a second stop by the same is not.
 */
function stoppedText(stops: readonly RecordedStop[], person: string | undefined): string {
  return stops.some((stop) => stop.person === person)
    ? 'You have stopped it already. Another stop of yours adds nothing until a quorum has resumed the vault.'
    : 'It is stopped already, and not by you. If you stop it too, your stop is recorded beside the others.';
}

function ReleaseRow({ facts, release }: { facts: Facts; release: Proposal }) {
  return (
    <li class="stack">
      <div class="row">
        <strong>
          <a href={`#/proposals/${release.digest}`}>
            <Text of={titleOf(release.statement)} />
          </a>
        </strong>
        <Proposer facts={facts} statement={release.statement} />
      </div>
      <StopForm stopping={{ what: 'release', target: release.digest }} label="Revoke this release" />
    </li>
  );
}
