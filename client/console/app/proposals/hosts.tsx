import type { Appraisal } from '../../../../src/core/attest/appraisal.ts';
import type { HostReview } from '../../../custodian/host-review.ts';
import { counted, instant } from '../format.ts';
import { Digest } from '../parts/digest.tsx';
import { Fold } from '../parts/fold.tsx';
import { Mark } from '../parts/notice.tsx';
import { Facts, Panel } from '../parts/screen.tsx';
import { devicesOf, imagesOf, isFailed, kindOf, type RuleRow, ruleGroups, tally } from './host-summary.ts';

/** With more hosts than this, those that pass are folded. */
const MAX_UNFOLDED = 3;

/** Who would get the weights: what each host shows of itself, against what policy expects; failures come first. */
export function HostsPanel({ hosts }: { hosts: readonly HostReview[] }) {
  const bad = hosts.filter(isRefused);
  const inOrder = [...bad, ...hosts.filter((host) => !isRefused(host))];
  return (
    <Panel title={`${counted(hosts.length, 'host')}, appraised by this workstation`}>
      <p>
        {bad.length === 0 ? (
          <Mark tone="good">every rule passes, on every host</Mark>
        ) : (
          <Mark tone="bad">{counted(bad.length, 'host')} must not have the weights</Mark>
        )}
      </p>
      {hosts.length > 1 ? <InAll hosts={hosts} /> : null}
      {inOrder.map((host) => (
        <Fold
          key={host.position}
          open={isRefused(host) || hosts.length <= MAX_UNFOLDED}
          summary={
            <span class="row">
              <strong>
                Host {host.position}: <code>{host.label}</code>
              </strong>
              <Verdict pass={!isRefused(host)} />
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

/** What the hosts are, together: one that is not like the others is seen before any of them is opened. */
function InAll({ hosts }: { hosts: readonly HostReview[] }) {
  const lines = (texts: readonly string[]) => (
    <ul class="plain">
      {tally(texts).map(([text, count]) => (
        <li key={text}>
          {text}: {counted(count, 'host')}
        </li>
      ))}
    </ul>
  );
  return (
    <Facts
      of={[
        ['They run', lines(hosts.map(({ atVault }) => imagesOf(atVault).map(imageText).join(' over ') || 'no image'))],
        ['They are', lines(hosts.map(({ atVault }) => kindOf(atVault)))],
      ]}
    />
  );
}

function imageText({ name }: { name: string | null }): string {
  return name ?? 'something that policy has no name for';
}

function Host({ host }: { host: HostReview }) {
  const { atVault, atOwnClock, evidence } = host;
  const devices = devicesOf(atVault);
  return (
    <>
      <Facts
        of={[
          ['Runs', <Images key="images" of={atVault} />],
          devices.length === 0 ? null : ['Devices', devices.map((line) => <div key={line}>{line}</div>)],
          ...tcbOf(atVault),
          ['By the vault', <At key="vault" appraisal={atVault} />],
          ['By your clock', <At key="own" appraisal={atOwnClock} />],
          ['Evidence', <Digest key="evidence" hex={evidence} />],
        ]}
      />
      {ruleGroups(host).map(({ part, failed, passed }) => (
        <div class="part" key={part}>
          {failed.length === 0 ? null : (
            <>
              <h3>
                {part} <Mark tone="bad">{counted(failed.length, 'rule')} failed</Mark>
              </h3>
              <RuleTable rows={failed} />
            </>
          )}
          {passed.length === 0 ? null : (
            <Fold
              open={false}
              summary={
                <>
                  {part}: <Mark tone="good">{counted(passed.length, 'rule passes', 'rules pass')}</Mark>
                </>
              }
            >
              {() => <RuleTable rows={passed} />}
            </Fold>
          )}
        </div>
      ))}
      <Fold open={false} summary={`${counted(Object.keys(atVault.claims).length, 'claim')}, as measured`}>
        {() => <ClaimTable claims={atVault.claims} />}
      </Fold>
    </>
  );
}

function Images({ of }: { of: Appraisal }) {
  const images = imagesOf(of);
  const simulated = of.claims['simulated.measurement'];
  if (simulated !== undefined) {
    return (
      <>
        <Mark tone="warn">pretended</Mark> <Digest hex={simulated} />
      </>
    );
  }
  return (
    <ul class="plain">
      {images.map((image) => (
        <li key={image.part}>
          <strong class="image">{image.name === null ? <Mark tone="bad">{imageText(image)}</Mark> : image.name}</strong>{' '}
          <span class="quiet">measured by {image.part}</span>
        </li>
      ))}
    </ul>
  );
}

/** What Intel says of the platform's firmware: advisories that policy lets pass are still to be seen. */
function tcbOf({ claims }: Appraisal): Parameters<typeof Facts>[0]['of'] {
  const status = claims['tdx.tcb.status'] ?? claims['ita.tcb-status'];
  const advisories = claims['tdx.tcb.advisories'] ?? 'none';
  return [
    status === undefined
      ? null
      : [
          'Firmware',
          <Mark key="tcb" tone={status === 'UpToDate' ? 'good' : 'warn'}>
            {status}
          </Mark>,
        ],
    advisories === 'none'
      ? null
      : [
          'Advisories',
          <Mark key="advisories" tone="warn">
            {advisories}
          </Mark>,
        ],
  ];
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
    <div class="scroll">
      <table class="rules">
        <thead>
          <tr>
            <th scope="col">Claim</th>
            <th scope="col">Expected</th>
            <th scope="col">Got</th>
            <th scope="col">Verdict</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.rule} class={isFailed(row) ? 'failed' : ''}>
              <th scope="row">{row.rule}</th>
              <td>
                <code>{(row.now ?? row).expected}</code>
              </td>
              <td>
                <code>{row.got}</code>
                {row.now === null ? null : <Now row={row.now} />}
              </td>
              <td>
                <Verdict pass={!isFailed(row)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What ran out between the vault's instant and now, or was to begin. */
function Now({ row }: { row: NonNullable<RuleRow['now']> }) {
  return (
    <>
      <span class="quiet">by your clock, {row.pass ? 'pass' : 'fail'}:</span>
      <code>{row.got}</code>
    </>
  );
}

function ClaimTable({ claims }: { claims: Appraisal['claims'] }) {
  return (
    <div class="scroll">
      <table class="claims">
        <thead>
          <tr>
            <th scope="col">Claim</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(claims).map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <code>{value === '' ? 'empty' : value}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
