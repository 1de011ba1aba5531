import { useSignal } from '@preact/signals';
import type { Facts, Proposal } from '../../../../src/core/state/state.ts';
import { ActionButton, ActionError, useAction } from '../parts/action.tsx';
import { Person } from '../parts/person.tsx';
import { Panel, Screen } from '../parts/screen.tsx';
import { Text } from '../parts/text.tsx';
import { Proposer } from '../proposals/proposer.tsx';
import { titleOf } from '../proposals/title.ts';
import { stopNow } from '../vault.ts';
import { StopForm } from './stop-form.tsx';

/** Stopping needs one: what can be stopped, all of it on one page. */
export function StopScreen({ facts }: { facts: Facts }) {
  const inForce = facts.proposals
    .valueSeq()
    .filter(({ statement, phase, ended }) => statement.kind === 'release' && phase === 'executed' && !ended)
    .toArray();
  const keys = facts.principals
    .valueSeq()
    .filter(({ retiredAt }) => retiredAt === null)
    .toArray();
  return (
    <Screen title="Stop" lead="You need nobody’s consent. When in doubt, stop: a quorum can resume.">
      {facts.stopped === null ? null : <p>It is stopped already. Your own stop is recorded beside the others.</p>}
      <StopAll />
      <Panel title="Releases in force">
        {inForce.length === 0 ? <p class="quiet">None.</p> : null}
        <ul class="rows">
          {inForce.map((release) => (
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
                  <Text of={name} />
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
        Versions are un-published under <a href="#/versions">Versions</a>, lost security keys are retired under{' '}
        <a href="#/committee">Committee</a>.
      </p>
    </Screen>
  );
}

function StopAll() {
  const reason = useSignal('');
  const sure = useSignal(false);
  const stopping = useAction(async () => {
    await stopNow({ what: 'all', reason: reason.value.trim() });
  });
  return (
    <Panel title="Stop everything">
      <p>No new release takes effect, and hosts are served nothing more, until a quorum has resumed the vault.</p>
      <label>
        Reason, for the log
        <input
          type="text"
          maxLength={500}
          value={reason.value}
          onInput={(event) => {
            reason.value = event.currentTarget.value;
          }}
        />
      </label>
      <label class="tick">
        <input
          type="checkbox"
          checked={sure.value}
          onChange={(event) => {
            sure.value = event.currentTarget.checked;
          }}
        />
        <span>Stop every release of every model, now</span>
      </label>
      <ActionError action={stopping} />
      <div>
        <ActionButton action={stopping} kind="primary danger" disabled={!sure.value || reason.value.trim() === ''}>
          Stop everything
        </ActionButton>
      </div>
    </Panel>
  );
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
