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

/** Stopping needs one: what can be stopped, all of it on one page. */
export function StopScreen({ facts }: { facts: Facts }) {
  const releases = servedOnceResumed(facts, now.value);
  const keys = facts.principals
    .valueSeq()
    .filter(({ retiredAt }) => retiredAt === null)
    .toArray();
  return (
    <Screen title="Stop" lead="You can stop alone, without anyone’s consent. When in doubt, stop: a quorum can resume.">
      {facts.stopped === null ? null : <p>{stoppedText(facts.stopped, custodian.value?.person)}</p>}
      <Panel title="Stop everything">
        <StopAll stop={(reason) => stopNow({ what: 'all', reason })} />
      </Panel>
      <Panel title={facts.stopped === null ? 'Releases in force' : 'Releases that are served again once it is resumed'}>
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
        Versions are un-published under <a href="#/versions">Versions</a>, where one in quarantine is withdrawn. You
        retire a lost security key of your own under <a href="#/committee">Committee</a>, alone; you propose to retire
        another’s under <a href="#/propose">Propose</a>.
      </p>
    </Screen>
  );
}

/** A resumption must know of each who wants it stopped: a second person's stop is recorded, a second of one is not. */
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
