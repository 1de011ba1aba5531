import type { PlatformValues as ExpectedValues, PlatformId } from '../../../../src/core/attest/platforms.ts';
import type { ReferenceValues } from '../../../../src/core/attest/reference-values.ts';
import { digestOfObject } from '../../../../src/core/canonical.ts';
import type { Policy } from '../../../../src/core/statement/policy.ts';
import { policyFields } from '../../../custodian/policy-diff.ts';
import { counted, exactBytes, exactDuration } from '../../../display/exact.ts';
import { eachPlatform } from '../../../platforms/platforms.ts';
import { Digest } from './digest.tsx';
import { FactList } from './screen.tsx';
import { Table } from './table.tsx';
import { Text, Value } from './text.tsx';

/** A summary of a policy, then every field of it: a custodian must see all that they agree to. */
export function PolicyFacts({ policy }: { policy: Policy }) {
  const { groups, veto, authenticators, referenceValues, limits, publication } = policy;
  const { aaguids, roots } = authenticators;
  return (
    <>
      <FactList
        of={[
          [
            'Among the approvers',
            groups.length === 0 ? 'any custodians' : `at least one of each: ${groups.join(', ')}`,
          ],
          ['One denial', veto ? 'ends a release' : 'counts as one vote'],
          [
            'Authenticators',
            aaguids.length === 0 ? 'no model is listed' : `${counted(aaguids.length, 'model')}: ${aaguids.join(', ')}`,
          ],
          ['Attestation roots', roots.length === 0 ? 'none is listed' : <Values key="roots" of={roots} />],
          ['Reference values', <Digest key="values" hex={digestOfObject(referenceValues)} />],
          ...hostsOf(referenceValues),
          ['Proposals live for', `at most ${exactDuration(limits.proposalMs)}`],
          ['Leases last', `at most ${exactDuration(limits.leaseMs)}`],
          ['Hosts per release', `at most ${limits.hosts}`],
          ['Served per release', `at most ${exactBytes(BigInt(limits.bytesPerRelease))}`],
          ['Served per day', `at most ${exactBytes(BigInt(limits.bytesPerDay))}`],
          ['To publish', publicationText(publication)],
        ]}
      />
      <h3>The whole policy, exactly: groups, authenticators and their roots, what hosts must show, limits</h3>
      <Table
        head={['Field', 'Value']}
        rows={policyFields(policy).map(({ path, value }, i) => ({
          key: `${i} ${path}`,
          cells: [<Text key="path" of={path} />, <Value key="value" of={value} />],
        }))}
      />
    </>
  );
}

/** Values as fields show them; a certificate is shown by its SHA-256. */
function Values({ of }: { of: readonly string[] }) {
  return (
    <ul class="rows">
      {policyFields({ of }).map(({ value }, i) => (
        <li key={`${i} ${value}`}>
          <Value of={value} />
        </li>
      ))}
    </ul>
  );
}

/** A summary of the hosts' reference values. */
function hostsOf(values: ReferenceValues): readonly (readonly [name: string, value: string])[] {
  return [
    ...eachPlatform(values, (row, given) => [row.name, imagesOf(given)] as const),
    ['GPUs in a host', countsOf(values.gpu?.gpus ?? [0])],
    ['Switches in a host', countsOf(values.gpu?.switches ?? [0])],
    ['Revoked', values.revoked.length === 0 ? 'nothing' : counted(values.revoked.length, 'claim')],
  ];
}

function countsOf(counts: readonly number[]): string {
  return counts.length === 0 ? 'no number is allowed' : counts.join(' or ');
}

function imagesOf(values: ExpectedValues[PlatformId] | undefined): string {
  if (values === undefined) return 'refused';
  return counted('images' in values ? values.images.length : values.measurements.length, 'image');
}

function publicationText({ evaluation, modelSignature }: Policy['publication']): string {
  const wanted = [...(evaluation ? ['an evaluation'] : []), ...(modelSignature ? ['a model signature'] : [])];
  return wanted.length === 0 ? 'a quorum is enough' : `${wanted.join(' and ')}, besides the quorum`;
}
