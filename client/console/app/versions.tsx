import { unconfirmedEnvelopes } from '../../../src/core/state/custody.ts';
import type { Facts, Version } from '../../../src/core/state/state.ts';
import type { Custodian } from '../../custodian/ceremony.ts';
import { confirmCustody } from '../../custodian/custody.ts';
import { counted, exactBytes } from '../../exact.ts';
import { instant } from './format.ts';
import { ActionButton, ActionError, GrantButton, useAction } from './parts/action.tsx';
import { Digest } from './parts/digest.tsx';
import { Mark } from './parts/notice.tsx';
import { MachineName, Person } from './parts/person.tsx';
import { Facts as FactList, Screen } from './parts/screen.tsx';
import { Text } from './parts/text.tsx';
import { submitProposal } from './propose/submit.ts';
import { StopForm } from './stopping/stop-form.tsx';
import { act } from './vault.ts';

const PHASES = { quarantined: 'warn', releasable: 'good', withdrawn: 'bad' } as const;

export function VersionPhase({ phase }: { phase: Version['phase'] }) {
  return <Mark tone={PHASES[phase]}>{phase}</Mark>;
}

export function VersionsScreen({ facts, custodian }: { facts: Facts; custodian: Custodian }) {
  const versions = facts.versions
    .valueSeq()
    .sortBy(({ time }) => -time)
    .toArray();
  return (
    <Screen title="Versions" lead="What has been deposited. Quarantined versions are released for evaluation only.">
      {versions.length === 0 ? <p class="quiet">Nothing has been deposited yet.</p> : null}
      {versions.map((version) => (
        <VersionPanel key={version.manifest} version={version} facts={facts} custodian={custodian} />
      ))}
    </Screen>
  );
}

function VersionPanel({ version, facts, custodian }: { version: Version; facts: Facts; custodian: Custodian }) {
  const { model, version: name, manifest, phase, bytes, files, time, owner, depositor } = version;
  const inUse = version.envelopes.filter(({ credential }) => facts.authenticators.get(credential)?.retiredAt === null);
  const unconfirmed = unconfirmedEnvelopes(facts, version);
  const isOwnMissing = unconfirmed.some(({ person }) => person === custodian.person);
  const missing = [...new Set(unconfirmed.map(({ person }) => person))];
  return (
    <section class="panel" aria-label={`${model}@${name}`}>
      <div class="row">
        <h2>
          <Text of={`${model}@${name}`} />
        </h2>
        <span class="row end">
          <VersionPhase phase={phase} />
          <Mark tone={unconfirmed.length === 0 ? 'good' : 'warn'}>
            {unconfirmed.length === 0 ? 'durable' : 'not durable'}
          </Mark>
        </span>
      </div>
      <FactList
        of={[
          ['Manifest', <Digest key="manifest" hex={manifest} />],
          ['Ciphertext', `${exactBytes(bytes)} in ${counted(files.length, 'file')}, the list of the others among them`],
          [
            'Deposited',
            <>
              {instant(time)} by <MachineName of={facts.principals.get(depositor)?.name ?? depositor} />, of{' '}
              <Person facts={facts} person={owner} />
            </>,
          ],
          [
            'Shares confirmed',
            missing.length === 0 ? (
              'by every custodian, for every key'
            ) : (
              <>
                {inUse.length - unconfirmed.length} of {inUse.length} keys; not by
                <ul class="plain">
                  {missing.map((person) => (
                    <li key={person}>
                      <Person facts={facts} person={person} />
                    </li>
                  ))}
                </ul>
              </>
            ),
          ],
        ]}
      />
      <VersionActs version={version} isOwnMissing={isOwnMissing} facts={facts} />
    </section>
  );
}

function VersionActs({ version, isOwnMissing, facts }: { version: Version; isOwnMissing: boolean; facts: Facts }) {
  const { model, version: name, manifest, phase } = version;
  const confirm = useAction(async () => {
    await act((replica, self) => confirmCustody(self, replica, manifest));
  });
  const publish = useAction(() => {
    const evaluation = lastEvaluation(facts, version);
    return submitProposal(() => ({ kind: 'publish', model, version: name, evaluation }));
  });
  if (phase === 'withdrawn') return null;
  return (
    <>
      <ActionError action={confirm} />
      <ActionError action={publish} />
      <div class="row">
        {isOwnMissing ? (
          <ActionButton action={confirm} kind="primary">
            Confirm my share
          </ActionButton>
        ) : null}
        {phase === 'quarantined' ? <GrantButton action={publish}>Propose to publish</GrantButton> : null}
      </div>
      <StopForm stopping={{ what: 'version', target: manifest }} label="Un-publish" />
    </>
  );
}

/** What a publication cites: the latest evaluation release whose receipts say what policy asks for. */
function lastEvaluation({ proposals, policy }: Facts, { manifest }: Version): string | null {
  const { evaluation, modelSignature } = policy.document.publication;
  const found = proposals
    .valueSeq()
    .filter(({ statement, receipts }) => {
      const isEvaluation = statement.kind === 'release' && statement.purpose === 'evaluation';
      const says = (wanted: boolean, field: 'evaluation' | 'modelSignature') =>
        !wanted || receipts.some((receipt) => receipt[field] !== null);
      const suffices = receipts.length > 0 && says(evaluation, 'evaluation') && says(modelSignature, 'modelSignature');
      return isEvaluation && statement.manifest === manifest && suffices;
    })
    .maxBy(({ index }) => index);
  return found?.digest ?? null;
}
