import type { Appraisal } from '../../../../src/core/attest/appraisal.ts';
import type { HostReview } from '../../../custodian/host-review.ts';
import { counted, instant } from '../format.ts';
import { Digest } from '../parts/digest.tsx';
import { Mark } from '../parts/notice.tsx';
import { Facts, Panel } from '../parts/screen.tsx';

/** With more hosts than this, those that pass are folded. */
const MAX_UNFOLDED = 3;

/** Who would get the weights: what each host shows of itself, against what policy expects. */
export function HostsPanel({ hosts }: { hosts: readonly HostReview[] }) {
  const failed = hosts.filter(({ obstacles }) => obstacles.length > 0).length;
  return (
    <Panel title={`${counted(hosts.length, 'host')}, appraised by this workstation`}>
      <p>
        {failed === 0 ? (
          <Mark tone="good">every rule passes, on every host</Mark>
        ) : (
          <Mark tone="bad">{counted(failed, 'host')} must not have the weights</Mark>
        )}
      </p>
      {hosts.map((host) => (
        <details key={host.position} open={hosts.length <= MAX_UNFOLDED || host.obstacles.length > 0}>
          <summary>
            Host {host.position}: {host.label}{' '}
            <Mark tone={host.obstacles.length === 0 ? 'good' : 'bad'}>
              {host.obstacles.length === 0 ? 'pass' : 'fail'}
            </Mark>
          </summary>
          <HostRules host={host} />
        </details>
      ))}
    </Panel>
  );
}

function HostRules({ host }: { host: HostReview }) {
  const { atVault, atOwnClock, evidence } = host;
  const differs = JSON.stringify(atVault.rules) !== JSON.stringify(atOwnClock.rules);
  return (
    <div class="stack">
      <Facts
        of={[
          ['Platform', atVault.platform],
          ['Evidence', <Digest key="evidence" hex={evidence} />],
        ]}
      />
      <RuleTable appraisal={atVault} when={`At the vault’s instant, ${instant(atVault.instant)}`} />
      {differs ? <RuleTable appraisal={atOwnClock} when="At this workstation’s clock" /> : null}
    </div>
  );
}

function RuleTable({ appraisal, when }: { appraisal: Appraisal; when: string }) {
  return (
    <div class="scroll">
      <table>
        <caption class="quiet">{when}</caption>
        <thead>
          <tr>
            <th scope="col">Claim</th>
            <th scope="col">Expected</th>
            <th scope="col">Got</th>
            <th scope="col">Verdict</th>
          </tr>
        </thead>
        <tbody>
          {appraisal.rules.map(({ rule, expected, got, pass }) => (
            <tr key={rule} class={pass ? '' : 'failed'}>
              <th scope="row">{rule}</th>
              <td>
                <code>{expected}</code>
              </td>
              <td>
                <code>{got}</code>
              </td>
              <td>
                <Mark tone={pass ? 'good' : 'bad'}>{pass ? 'pass' : 'fail'}</Mark>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
