import { useSignal } from '@preact/signals';
import type { EnvelopeName } from '../../../src/core/log/entry.ts';
import { committeeOf } from '../../../src/core/state/committees.ts';
import { type Durability, durabilityOf, durabilityText } from '../../../src/core/state/custody.ts';
import { isPending } from '../../../src/core/state/lifecycle.ts';
import { policyInForce } from '../../../src/core/state/policies.ts';
import { reachOf, reachOfStatement } from '../../../src/core/state/reach.ts';
import { standingOf } from '../../../src/core/state/standing.ts';
import type { Facts, Version } from '../../../src/core/state/state.ts';
import { isQuarantined, isWithdrawnVersion } from '../../../src/core/state/versions.ts';
import type { Custodian } from '../../custodian/ceremony.ts';
import { confirmCustody } from '../../custodian/custody.ts';
import { counted, exactBytes } from '../../display/exact.ts';
import { instant } from './format.ts';
import { type Action, ActionButton, ActionError, useAction } from './parts/action.tsx';
import { Digest } from './parts/digest.tsx';
import { Mark, Notice } from './parts/notice.tsx';
import { Key, MachineName, Person } from './parts/person.tsx';
import { ReachList } from './parts/reach.tsx';
import { FactList, Screen } from './parts/screen.tsx';
import { ProposeButton, useProposing } from './parts/submit.tsx';
import { Text } from './parts/text.tsx';
import { StopForm } from './stopping/stop-form.tsx';
import { act, custodian as custodianNow, now } from './vault.ts';

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
    <Screen
      title="Versions"
      lead="The deposited versions. The vault releases quarantined versions for evaluation only."
    >
      {versions.length === 0 ? <p class="quiet">Nothing has been deposited yet.</p> : null}
      {versions.map((version) => (
        <VersionPanel key={version.manifest} version={version} facts={facts} custodian={custodian} />
      ))}
    </Screen>
  );
}

function VersionPanel({ version, facts, custodian }: { version: Version; facts: Facts; custodian: Custodian }) {
  const { model, version: name, manifest, phase, bytes, files, time, owner, depositor } = version;
  const durability = durabilityOf(facts, version);
  const own = durability.unconfirmed.filter(({ person }) => person === custodian.person);
  return (
    <section class="panel" aria-label={`${model}@${name}`}>
      <div class="row">
        <h2>
          <Text of={`${model}@${name}`} />
        </h2>
        <span class="row end">
          <VersionPhase phase={phase} />
          <Mark tone={durability.durable ? 'good' : 'warn'}>{durability.durable ? 'durable' : 'not durable'}</Mark>
        </span>
      </div>
      <FactList
        of={[
          ['Manifest', <Digest key="manifest" hex={manifest} />],
          ['Ciphertext', `${exactBytes(bytes)} in ${counted(files, 'file')}, one of them the list of the others`],
          [
            'Deposited',
            <>
              {instant(time)} by <MachineName of={facts.principals.get(depositor)?.name ?? depositor} />, of{' '}
              <Person facts={facts} person={owner} />
            </>,
          ],
          ['Shares', durabilityText(countsOf(durability), committeeOf(facts, version).members.length)],
          isWithdrawnVersion(version)
            ? null
            : ['Who can approve it', <Approvers key="who" facts={facts} version={version} />],
        ]}
      />
      <NotDurable durability={durability} facts={facts} />
      <VersionActs version={version} own={own} facts={facts} />
    </section>
  );
}

function countsOf({ holders, without, threshold }: Durability) {
  return { holders: holders.length, without: without.length, threshold };
}

/** Shows why the version is not durable, and who no longer holds a share. */
function NotDurable({
  durability: { durable, unconfirmed, without },
  facts,
}: {
  durability: Durability;
  facts: Facts;
}) {
  return (
    <>
      {durable ? null : (
        <>
          <p>
            A version is durable once every custodian has opened and checked their share with every security key that
            they have in use. Until then, a key that cannot open it would be noticed only when it is needed. Not checked
            yet:
          </p>
          <ul class="plain">
            {unconfirmed.map(({ person, credential }) => (
              <li key={credential}>
                <Person facts={facts} person={person} /> with the key <Key facts={facts} credential={credential} />
              </li>
            ))}
          </ul>
        </>
      )}
      {without.length === 0 ? null : (
        <>
          <p>
            All security keys of these custodians are retired. They no longer hold a share, and the version does not
            wait for them:
          </p>
          <ul class="plain">
            {without.map((person) => (
              <li key={person}>
                <Person facts={facts} person={person} />
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

/** Shows who can approve the publication of a quarantined version: the depositor’s owner has no vote. */
function Approvers({ facts, version }: { facts: Facts; version: Version }) {
  const { owner } = version;
  const reach = reachOf(facts, isQuarantined(version) ? [{ person: owner, why: 'depositor_owner' }] : []);
  return <ReachList reach={reach} facts={facts} />;
}

interface VersionActsProps {
  readonly version: Version;
  /** The custodian's own envelopes that are not confirmed. */
  readonly own: readonly EnvelopeName[];
  readonly facts: Facts;
}

function VersionActs({ version, own, facts }: VersionActsProps) {
  const { model, version: name, manifest } = version;
  /** The number of own unconfirmed envelopes at the press: the log shows when it has become smaller. */
  const unconfirmed = useSignal(0);
  const confirm = useAction(async () => {
    unconfirmed.value = own.length;
    await act((replica, self) => confirmCustody(self, replica, manifest));
  });
  const publish = useProposing(() => {
    const evaluation = lastEvaluation(facts, version);
    return () => ({ kind: 'publish', model, version: name, evaluation });
  });
  if (isWithdrawnVersion(version)) return null;
  return (
    <>
      <ActionError action={confirm} />
      {own.length < unconfirmed.value ? <Notice tone="good" title="Your share is confirmed" result /> : null}
      <ActionError action={publish} />
      {own.length === 0 ? null : <InsertKey own={own} facts={facts} />}
      <div class="row">
        {own.length === 0 ? null : (
          <ActionButton action={confirm} kind="primary">
            Confirm my share
          </ActionButton>
        )}
        {isQuarantined(version) ? <Publish action={publish} version={version} facts={facts} /> : null}
      </div>
      <StopForm
        stopping={{ what: 'version', target: manifest }}
        label={isQuarantined(version) ? 'Withdraw this version' : 'Un-publish'}
      />
    </>
  );
}

/** Names the keys that can confirm: those that have not confirmed yet. */
function InsertKey({ own, facts }: { own: readonly EnvelopeName[]; facts: Facts }) {
  return (
    <>
      <p>To confirm your share, insert {own.length === 1 ? 'this key of yours' : 'one of these keys of yours'}:</p>
      <ul class="plain">
        {own.map(({ credential }) => (
          <li key={credential}>
            <Key facts={facts} credential={credential} />{' '}
            <span class="quiet">enrolled at the founding, {instant(facts.genesis.created)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Shows the custodian's own waiting publication, or the button to propose one. The proposer has no vote: where no quorum
 * would be left, the page says so in place of the button. Another person's waiting publication does not replace it, since
 * its proposer can withdraw it. */
function Publish({ action, version, facts }: { action: Action; version: Version; facts: Facts }) {
  const self = custodianNow.value?.person ?? '';
  const waiting = facts.proposals.filter((proposal) => {
    const { statement, votes } = proposal;
    if (statement.kind !== 'publish' || statement.manifest !== version.manifest) return false;
    return isPending(standingOf(facts, proposal, now.value)) && reachOfStatement(facts, statement, votes).reachable;
  });
  const own = waiting.find(({ statement: { proposer } }) => proposer.kind === 'custodian' && proposer.person === self);
  const one = own ?? waiting.first();
  const already =
    one === undefined ? null : (
      <span>
        Its publication is proposed already: <a href={`#/proposals/${one.digest}`}>see it</a>
      </span>
    );
  if (own !== undefined) return already;
  const { reachable, able, threshold } = reachOf(facts, [
    { person: version.owner, why: 'depositor_owner' },
    { person: self, why: 'asked' },
  ]);
  if (!reachable)
    return (
      already ?? (
        <span>
          If you propose its publication, you and its depositor’s owner have no vote: {threshold} must approve, and{' '}
          {able.length} can. Let its depositor propose it:{' '}
          <code>
            twinlock publish <Text of={`${version.model}@${version.version}`} />
          </code>
        </span>
      )
    );
  return (
    <>
      {already}
      <ProposeButton action={action}>Propose to publish</ProposeButton>
    </>
  );
}

/** The evaluation that a publication cites: the latest evaluation release whose receipts fulfil the policy. */
function lastEvaluation(facts: Facts, { manifest }: Version): string | null {
  const { evaluation, modelSignature } = policyInForce(facts).document.publication;
  const found = facts.proposals
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
