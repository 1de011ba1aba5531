import { counted } from '../../../../src/core/counted.ts';
import { committeeInForce } from '../../../../src/core/state/committees.ts';
import { servedOnceResumed } from '../../../../src/core/state/served.ts';
import type { Facts, Proposable, Version } from '../../../../src/core/state/state.ts';
import type { StatementOf } from '../../../../src/core/statement/statement.ts';
import { releasesThatWait } from '../../../custodian/consequences.ts';
import { afterRetirement } from '../../../custodian/retirement.ts';
import type { Review } from '../../../custodian/review.ts';
import { servedText } from '../../../custodian/served.ts';
import { exactBytes, exactDuration } from '../../../display/exact.ts';
import { fromNow, instant } from '../format.ts';
import { Consequences } from '../parts/consequences.tsx';
import { Digest } from '../parts/digest.tsx';
import { Mark, Notice } from '../parts/notice.tsx';
import { NoCustodian } from '../parts/owner.tsx';
import { Key, MachineName, Person } from '../parts/person.tsx';
import { FactList, Panel } from '../parts/screen.tsx';
import { Quoted, Text, Value } from '../parts/text.tsx';
import { StopList } from '../stopping/stopped-banner.tsx';
import { now } from '../vault.ts';
import { VersionPhase } from '../versions.tsx';

/** At most this many similar enrolments are listed. */
const MAX_ALIKE = 12;

type Rows = Parameters<typeof FactList>[0]['of'];

export function WhatPanel({ review, facts }: { review: Review; facts: Facts }) {
  const { statement, version } = review;
  return (
    <Panel title="What">
      <FactList of={[...whatOf(statement, facts), ...stopsOf(review, facts), ...versionOf(version)]} />
      <WhatItBrings review={review} facts={facts} />
      {statement.kind === 'principal' && statement.principal.models.includes('*') ? (
        <Notice tone="warn" title="This machine may use every model, future ones too" />
      ) : null}
      {statement.kind === 'principal' && statement.principal.role !== 'auditor' ? (
        <NoCustodian isCustodian={isCustodian(facts, statement.principal.owner)} />
      ) : null}
      {review.alike.length === 0 ? null : (
        <Notice tone="bad" title="Another enrolment waits under a name that looks like this one">
          <ul>
            {review.alike.slice(0, MAX_ALIKE).map(({ digest, message }) => (
              <li key={`${digest} ${message}`} class="sentence">
                <Text of={message} /> <a href={`#/proposals/${digest}`}>See the other</a>
              </li>
            ))}
            {review.alike.length > MAX_ALIKE ? <li>and {review.alike.length - MAX_ALIKE} more</li> : null}
          </ul>
          <p>Once one of them has taken effect, the others cannot. Ask who proposed them which one is meant.</p>
        </Notice>
      )}
    </Panel>
  );
}

function isCustodian(facts: Facts, person: string): boolean {
  return committeeInForce(facts).members.some((member) => member.person === person);
}

/** For a waiting proposal: the other changes that it makes when it takes effect. */
function WhatItBrings({ review: { statement, digest, isPending }, facts }: { review: Review; facts: Facts }) {
  if (!isPending) return null;
  if (statement.kind === 'policy')
    return <Consequences facts={facts} change={{ what: 'policy', target: digest, document: statement.document }} />;
  if (statement.kind === 'authenticator')
    return <Consequences facts={facts} change={{ what: 'authenticator', credential: statement.credential }} />;
  if (statement.kind !== 'resume') return null;
  const again = servedOnceResumed(facts, now.value).length;
  return (
    <p>
      Releases that are served again then: {again}. Approved releases that the vault may grant then, with no other
      touch: {releasesThatWait(facts, now.value).length}.
    </p>
  );
}

function whatOf(statement: Proposable, facts: Facts): Rows {
  switch (statement.kind) {
    case 'release':
      return [
        ['Model', statement.model],
        ['Version', statement.version],
        ['For', statement.purpose],
        ['Lease', `${exactDuration(statement.leaseMs)} from release`],
        ['Served at most', servedText(statement, facts)],
      ];
    case 'publish':
      return [
        ['Model', statement.model],
        ['Version', statement.version],
        [
          'Evaluated in',
          statement.evaluation === null ? 'no evaluation is cited' : <Digest key="e" hex={statement.evaluation} />,
        ],
      ];
    case 'principal': {
      const { name, role, owner, ownerName, key, models } = statement.principal;
      return [
        ['Machine', <MachineName key="machine" of={name} />],
        ['Role', role],
        ['Owner', <Person key="owner" facts={facts} person={owner} proposedName={ownerName} />],
        ['Models', models.join(', ')],
        ['Key', <Value key="key" of={key} />],
      ];
    }
    case 'policy':
      return [
        ['New policy', <Digest key="new" hex={statement.document} />],
        ['In place of', <Digest key="old" hex={statement.base} />],
      ];
    case 'resume':
      return [['The stop', <Digest key="stop" hex={statement.stop} />]];
    case 'authenticator':
      return retirementOf(statement, facts);
    case 'clock':
      return [
        ['The log’s clock', `${instant(facts.attestedMs)}: the latest time that a custodian has signed`],
        ['New time', 'the latest time that its approvers sign'],
        ['Later events', 'leases of later releases count from the new time; later proposals end'],
      ];
  }
}

/** For a waiting resumption: the stops that it would end. */
function stopsOf({ statement, isPending }: Review, facts: Facts): Rows {
  if (statement.kind !== 'resume' || !isPending || facts.stopped === null) return [];
  return [['Stopped by', <StopList key="stops" facts={facts} stops={facts.stopped} />]];
}

/** The effects of a retirement, in numbers. */
function retirementOf({ credential, person }: StatementOf<'authenticator'>, facts: Facts): Rows {
  const { left, able, threshold, versions } = afterRetirement(facts, credential);
  return [
    ['Whose', <Person key="whose" facts={facts} person={person} />],
    ['Key', <Key key="key" facts={facts} credential={credential} />],
    ['Their keys left', left === 0 ? 'none: they cannot approve, stop or sign in' : String(left)],
    ['Custodians able to act then', `${able}, and ${threshold} must approve`],
    ['Versions it holds a share for', versions.length === 0 ? 'none' : versions.join(', ')],
    [
      'Shares that they lose',
      left === 0 && versions.length > 0 ? 'all: this vault version cannot enrol another key' : 'none',
    ],
  ];
}

function versionOf(version: Version | null): Rows {
  if (version === null) return [];
  return [
    ['Manifest', <Digest key="manifest" hex={version.manifest} />],
    ['Ciphertext', exactBytes(version.bytes)],
    ['State now', <VersionPhase key="phase" phase={version.phase} />],
    ['Deposited', instant(version.time)],
  ];
}

export function AskedPanel({ review, facts }: { review: Review; facts: Facts }) {
  const { person, key, reason, created, expires, logSize } = review.asked;
  return (
    <Panel title="Who asked, and why">
      {reason === null ? null : (
        <blockquote class="reason">
          <Text of={reason} />
        </blockquote>
      )}
      <FactList
        of={[
          [key === null ? 'Person' : 'Owner of the machine', <Person key="person" facts={facts} person={person} />],
          ['May they approve it', mayApprove(review, person)],
          key === null ? null : ['With the machine', <MachineName key="machine" of={key} />],
          ['Asked', `${instant(created)} (${fromNow(created, now.value)})`],
          ['Expires', `${instant(expires)} (${fromNow(expires, now.value)})`],
          ['Log then', counted(logSize, 'entry', 'entries')],
        ]}
      />
    </Panel>
  );
}

function mayApprove({ policy: { members, barred } }: Review, person: string): string {
  if (!members.some((member) => member.person === person))
    return 'no: only custodians approve, and this person is none';
  return barred.includes(person) ? 'no: a custodian does not approve what they asked for' : 'yes: a custodian';
}

export function PolicyPanel({ review, facts }: { review: Review; facts: Facts }) {
  const { digest, since, isInForce, threshold, groups, members, wanting, missingGroups } = review.policy;
  return (
    <Panel title="Policy, and who decides">
      <FactList
        of={[
          ['Quorum', `${threshold} of ${members.length} custodians`],
          groups.length === 0 ? null : ['Groups', `one of each: ${groups.join(', ')}`],
          ['Policy', <Digest key="policy" hex={digest} />],
          ['In force', `when this was proposed, since entry ${since}, and ${isInForce ? 'now' : 'not now'}`],
          review.isPending ? ['Still needed', wantingText(wanting, missingGroups)] : null,
        ]}
      />
      <ul class="rows">
        {members.map(({ person }) => (
          <li key={person} class="stack">
            <div class="row">
              <span>
                <Person facts={facts} person={person} />
              </span>
              <Decided review={review} facts={facts} person={person} />
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** A custodian's decision, with the key and time; else whether they may decide. */
function Decided({ review, facts, person }: { review: Review; facts: Facts; person: string }) {
  const { votes, barred } = review.policy;
  const vote = votes.find((candidate) => candidate.person === person);
  if (vote === undefined)
    return <Mark tone="plain">{barred.includes(person) ? 'has no vote on this' : 'not decided'}</Mark>;
  const { decision, reason, credential, time, index } = vote;
  return (
    <>
      <Mark tone={decision === 'approve' ? 'good' : 'bad'}>{decision === 'approve' ? 'approved' : 'denied'}</Mark>
      <span class="quiet">
        in entry {index}, {instant(time)}, with key <Key facts={facts} credential={credential} />
      </span>
      {reason === null ? null : <Quoted of={reason} />}
    </>
  );
}

/** The approvals and groups that a quorum still needs. */
export function wantingText(wanting: number, missingGroups: readonly string[]): string {
  const wanted = [
    ...(wanting === 0 ? [] : [wanting === 1 ? '1 more approval' : `${wanting} more approvals`]),
    ...missingGroups.map((group) => `a custodian of ${group}`),
  ];
  return wanted.length === 0 ? 'nothing' : wanted.join(', ');
}
