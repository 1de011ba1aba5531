import type { Facts as Established, Proposable, Version } from '../../../../src/core/state/state.ts';
import type { Review } from '../../../custodian/review.ts';
import { exactBytes, exactDuration } from '../../../exact.ts';
import { fromNow, instant } from '../format.ts';
import { Digest } from '../parts/digest.tsx';
import { Mark, Notice } from '../parts/notice.tsx';
import { Facts, Panel } from '../parts/screen.tsx';
import { Text, Value } from '../parts/text.tsx';
import { now } from '../vault.ts';
import { VersionPhase } from '../versions.tsx';

type Rows = Parameters<typeof Facts>[0]['of'];

export function WhatPanel({ review, facts }: { review: Review; facts: Established }) {
  const { statement, version } = review;
  return (
    <Panel title="What">
      <Facts of={[...whatOf(statement, facts), ...versionOf(version)]} />
      {statement.kind === 'principal' && statement.principal.models.includes('*') ? (
        <Notice tone="warn" title="This machine is for every model, those of the future too" />
      ) : null}
    </Panel>
  );
}

function whatOf(statement: Proposable, { persons, attestedMs }: Established): Rows {
  switch (statement.kind) {
    case 'release':
      return [
        ['Model', statement.model],
        ['Version', statement.version],
        ['For', statement.purpose],
        ['Lease', `${exactDuration(statement.leaseMs)} from release`],
        ['Served at most', exactBytes(BigInt(statement.bytes))],
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
      const owned = persons.get(owner);
      return [
        ['Machine', name],
        ['Role', role],
        ['Owner', owned === undefined ? `${ownerName}, who is no custodian` : owned],
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
    case 'clock':
      return [
        ['The log’s clock', `${instant(attestedMs)}: the latest time that a custodian has signed`],
        ['Will be', 'the latest time of those who approve this'],
        ['What began later', 'leases count from then; proposals made later end'],
      ];
  }
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

export function AskedPanel({ review }: { review: Review }) {
  const { name, key, reason, created, expires } = review.asked;
  return (
    <Panel title="Who asked, and why">
      {reason === null ? null : (
        <blockquote class="reason">
          <Text of={reason} />
        </blockquote>
      )}
      <Facts
        of={[
          ['Person', name],
          key === null ? null : ['With the machine', key],
          ['Asked', `${instant(created)} (${fromNow(created, now.value)})`],
          ['Expires', `${instant(expires)} (${fromNow(expires, now.value)})`],
        ]}
      />
    </Panel>
  );
}

export function PolicyPanel({ review }: { review: Review }) {
  const { digest, since, isInForce, threshold, groups, members, votes, wanting, missingGroups } = review.policy;
  return (
    <Panel title="Policy, and who has decided">
      <Facts
        of={[
          ['Quorum', `${threshold} of ${members.length} custodians`],
          groups.length === 0 ? null : ['Groups', `one of each: ${groups.join(', ')}`],
          ['Policy', <Digest key="policy" hex={digest} />],
          ['In force', `from entry ${since} on, and ${isInForce ? 'still' : 'no longer'}`],
          review.isPending ? ['Still wanting', wantingText(wanting, missingGroups)] : null,
        ]}
      />
      {votes.length === 0 ? <p class="quiet">Nobody has decided yet.</p> : null}
      <ul class="rows">
        {votes.map(({ person, name, decision, credential, time, index }) => (
          <li key={person} class="stack">
            <div class="row">
              <strong>{name}</strong>
              <Mark tone={decision === 'approve' ? 'good' : 'bad'}>
                {decision === 'approve' ? 'approved' : 'denied'}
              </Mark>
              <span class="quiet end">
                {instant(time)}, entry {index}
              </span>
            </div>
            <span class="quiet">
              with key <code>{credential}</code>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function wantingText(wanting: number, missingGroups: readonly string[]): string {
  const wanted = [
    ...(wanting === 0 ? [] : [wanting === 1 ? '1 more approval' : `${wanting} more approvals`]),
    ...missingGroups.map((group) => `somebody of ${group}`),
  ];
  return wanted.length === 0 ? 'nothing' : wanted.join(', ');
}

/** What came of a release: until when it is served, and which hosts have said that they have it. */
export function ServedPanel({ review }: { review: Review }) {
  const { phase, executedTime, ended, receipts } = review.proposal;
  const { statement } = review;
  if (statement.kind !== 'release' || executedTime === null) return null;
  const ends = executedTime + statement.leaseMs;
  const isOver = ended || phase === 'revoked' || ends < now.value;
  return (
    <Panel title="What came of it">
      <Facts
        of={[
          ['Released', instant(executedTime)],
          ['Served', isOver ? 'no longer' : `until ${instant(ends)} (${fromNow(ends, now.value)})`],
        ]}
      />
      <ul class="rows">
        {statement.hosts.map(({ label }, host) => {
          const receipt = receipts.find((candidate) => candidate.host === host);
          return (
            <li key={host} class="row">
              <span>
                Host {host}: <Text of={label} />
              </span>
              <span class="row end">
                {receipt === undefined ? null : <span class="quiet">{exactBytes(BigInt(receipt.bytes))}</span>}
                {receipt === undefined ? (
                  <Mark tone={isOver ? 'plain' : 'warn'}>{isOver ? 'no receipt came' : 'no receipt yet'}</Mark>
                ) : (
                  <Mark tone="good">fetched</Mark>
                )}
              </span>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
