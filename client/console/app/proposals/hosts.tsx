import type { Appraisal } from '../../../../src/core/attest/appraisal.ts';
import type { HostReview } from '../../../custodian/host-review.ts';
import type { Review } from '../../../custodian/review.ts';
import { counted } from '../../../display/exact.ts';
import { pretendedImageIn } from '../../../platforms/platforms.ts';
import { instant } from '../format.ts';
import { Digest } from '../parts/digest.tsx';
import { Fold } from '../parts/fold.tsx';
import { Mark, Notice } from '../parts/notice.tsx';
import { FactList, Panel } from '../parts/screen.tsx';
import { Table } from '../parts/table.tsx';
import { Text, Value } from '../parts/text.tsx';
import {
  devicesOf,
  firmwareOf,
  imagesOf,
  imageText,
  isFailed,
  kindOf,
  type RuleRow,
  ruleGroups,
  runsText,
  tally,
} from './host-summary.ts';

/** With more hosts than this, the hosts that pass are folded. */
const MAX_UNFOLDED = 3;

/** The hosts that would receive the weights: the evidence of each, judged by the policy; hosts that fail come first. */
export function HostsPanel({ review }: { review: Review }) {
  const { hosts, policy, isPending } = review;
  const bad = hosts.filter(isRefused);
  const inOrder = [...bad, ...hosts.filter((host) => !isRefused(host))];
  return (
    <Panel title={`${counted(hosts.length, 'host')}, appraised by this workstation`}>
      <p>
        {bad.length === 0 ? (
          <Mark tone="good">every rule {isPending ? 'passes' : 'passed'}, on every host</Mark>
        ) : (
          <Mark tone="bad">
            {counted(bad.length, 'host')} must not {isPending ? 'have' : 'have had'} the weights
          </Mark>
        )}
      </p>
      <p>
        Appraised under the policy of entry {policy.since}, which was in force then
        {policy.isInForce ? ', and is now' : ', and is not now'}.
      </p>
      {hosts.length > 1 ? <InAll hosts={hosts} /> : null}
      {inOrder.map((host) => (
        <Fold
          key={host.position}
          open={isRefused(host) || hosts.length <= MAX_UNFOLDED}
          summary={
            <span class="row">
              <strong>
                Host {host.position}: <Value of={host.label} />
              </strong>
              <Verdict pass={!isRefused(host)} />
              <Outdated of={host.atVault} />
              <span class="quiet">{kindOf(host.atVault)}</span>
            </span>
          }
        >
          {() => <Host host={host} />}
        </Fold>
      ))}
    </Panel>
  );
}

function isRefused({ obstacles }: HostReview): boolean {
  return obstacles.length > 0;
}

/** A summary of all hosts, which shows a host that differs from the others. */
function InAll({ hosts }: { hosts: readonly HostReview[] }) {
  const lines = (texts: readonly string[]) => (
    <ul class="plain">
      {tally(texts).map(([text, count]) => (
        <li key={text}>
          <Text of={text} />: {counted(count, 'host')}
        </li>
      ))}
    </ul>
  );
  return (
    <FactList
      of={[
        ['They run', lines(hosts.map(({ atVault }) => runsText(atVault)))],
        ['They are', lines(hosts.map(({ atVault }) => kindOf(atVault)))],
        ['They are on', counted(new Set(hosts.map(({ label }) => label)).size, 'chip or key', 'chips or keys')],
      ]}
    />
  );
}

function Host({ host }: { host: HostReview }) {
  const { atVault, atOwnClock, evidence, obstacles } = host;
  const devices = devicesOf(atVault);
  return (
    <>
      <FactList
        of={[
          ['Runs', <Images key="images" of={atVault} />],
          devices.length === 0
            ? null
            : [
                'Devices',
                devices.map((line) => (
                  <div key={line}>
                    <Text of={line} />
                  </div>
                )),
              ],
          ...firmwareFacts(atVault),
          ['At the vault’s instant', <At key="vault" appraisal={atVault} />],
          atOwnClock === null ? null : ['By your clock', <At key="own" appraisal={atOwnClock} />],
          ['Evidence', <Digest key="evidence" hex={evidence} />],
        ]}
      />
      {obstacles.some(({ code }) => code === 'appraisal_mismatch') ? (
        <Notice tone="bad" title="This workstation’s appraisal differs from the one in the statement" />
      ) : null}
      {ruleGroups(host).map((group) => (
        <Rules key={group.part} of={group} />
      ))}
      <Fold open={false} summary={`${counted(Object.keys(atVault.claims).length, 'claim')}, as measured`}>
        {() => <ClaimTable claims={atVault.claims} />}
      </Fold>
    </>
  );
}

/** The rules of a part: failed rules are shown, the others are folded. */
function Rules({ of: { part, failed, unreached, passed } }: { of: ReturnType<typeof ruleGroups>[number] }) {
  const folded = [
    ['bad', `${counted(unreached.length, 'rule was', 'rules were')} not reached`, unreached],
    ['good', counted(passed.length, 'rule passes', 'rules pass'), passed],
  ] as const;
  return (
    <div class="part">
      {failed.length === 0 ? null : (
        <>
          <h3>
            {part} <Mark tone="bad">{counted(failed.length, 'rule')} failed</Mark>
          </h3>
          <RuleTable rows={failed} />
        </>
      )}
      {folded.map(([tone, text, rows]) =>
        rows.length === 0 ? null : (
          <Fold
            key={tone}
            open={false}
            summary={
              <>
                {part}: <Mark tone={tone}>{text}</Mark>
              </>
            }
          >
            {() => <RuleTable rows={rows} />}
          </Fold>
        ),
      )}
    </div>
  );
}

function Images({ of }: { of: Appraisal }) {
  const images = imagesOf(of);
  const pretended = pretendedImageIn(of.claims);
  if (pretended !== null) {
    return (
      <>
        <Mark tone="warn">simulated</Mark> <Digest hex={pretended} />
      </>
    );
  }
  return (
    <ul class="plain">
      {images.map((image) => (
        <li key={image.part}>
          <strong class="image">
            {image.name === null ? <Mark tone="bad">{imageText(image)}</Mark> : <Text of={image.name} />}
          </strong>{' '}
          <span class="quiet">measured by {image.part}</span>
        </li>
      ))}
    </ul>
  );
}

/** Shows firmware and advisories even where the policy accepts them. */
function firmwareFacts(appraisal: Appraisal): Parameters<typeof FactList>[0]['of'] {
  const firmware = firmwareOf(appraisal);
  if (firmware === null) return [];
  const { status, advisories } = firmware;
  return [
    [
      'Firmware',
      <Mark key="firmware" tone={status === 'UpToDate' ? 'good' : 'warn'}>
        <Text of={status} />
      </Mark>,
    ],
    advisories === 'none' ? null : ['Advisories', advisories],
  ];
}

function Outdated({ of }: { of: Appraisal }) {
  const status = firmwareOf(of)?.status ?? 'UpToDate';
  return status === 'UpToDate' ? null : (
    <Mark tone="warn">
      <Text of={status} />
    </Mark>
  );
}

function At({ appraisal: { instant: at, verdict } }: { appraisal: Appraisal }) {
  return (
    <>
      {instant(at)} <Verdict pass={verdict === 'pass'} />
    </>
  );
}

function Verdict({ pass }: { pass: boolean }) {
  return <Mark tone={pass ? 'good' : 'bad'}>{pass ? 'pass' : 'fail'}</Mark>;
}

function RuleTable({ rows }: { rows: readonly RuleRow[] }) {
  return (
    <Table
      kind="rules"
      head={['Claim', 'Expected', 'Got', 'Verdict']}
      rows={rows.map((row) => ({
        key: row.rule,
        isFailed: isFailed(row),
        cells: [
          row.rule,
          <Value key="expected" of={(row.now ?? row).expected} />,
          <Got key="got" row={row} />,
          <Verdict key="verdict" pass={!isFailed(row)} />,
        ],
      }))}
    />
  );
}

/**
 * Shows the measured value, and the other result where something expired or began between the vault's instant and now.
 */
function Got({ row: { got, now } }: { row: RuleRow }) {
  return (
    <>
      <Value of={got} />
      {now === null ? null : (
        <>
          {' '}
          <span class="quiet">by your clock, {now.pass ? 'pass' : 'fail'}:</span> <Value of={now.got} />
        </>
      )}
    </>
  );
}

function ClaimTable({ claims }: { claims: Appraisal['claims'] }) {
  const rows = Object.entries(claims).map(([name, value]) => ({
    key: name,
    cells: [<Text key="name" of={name} />, <Value key="value" of={value} />],
  }));
  return <Table head={['Claim', 'Value']} rows={rows} />;
}
