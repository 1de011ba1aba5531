import type { Policy } from '../../../../src/core/statement/policy.ts';
import { counted, duration, size } from '../format.ts';
import { Digest } from './digest.tsx';
import { Facts } from './screen.tsx';

/** A policy as a table: every field, because what is not shown is not agreed to. */
export function PolicyFacts({ policy }: { policy: Policy }) {
  const { groups, veto, authenticators, referenceValues, limits, publication } = policy;
  const { aaguids, roots } = authenticators;
  const measurements = referenceValues.simulated?.measurements ?? [];
  return (
    <Facts
      of={[
        ['Among the approvers', groups.length === 0 ? 'anybody' : `at least one of each: ${groups.join(', ')}`],
        ['One denial', veto ? 'ends a release' : 'counts as one vote'],
        [
          'Authenticators',
          aaguids.length === 0 ? 'no model is listed' : `${counted(aaguids.length, 'model')}: ${aaguids.join(', ')}`,
        ],
        ['Attestation roots', counted(roots.length, 'certificate')],
        ['Simulated hosts', referenceValues.simulated === null ? 'refused' : counted(measurements.length, 'image')],
        ...measurements.map((image, i) => [`Image ${i + 1}`, <Digest key={image} hex={image} />] as const),
        ['Proposals live for', `at most ${duration(limits.proposalMs)}`],
        ['Leases last', `at most ${duration(limits.leaseMs)}`],
        ['Hosts a release', `at most ${limits.hosts}`],
        ['Served a release', `at most ${size(BigInt(limits.bytesPerRelease))}`],
        ['Served a day', `at most ${size(BigInt(limits.bytesPerDay))}`],
        ['To publish', publicationText(publication)],
      ]}
    />
  );
}

function publicationText({ evaluation, modelSignature }: Policy['publication']): string {
  const wanted = [...(evaluation ? ['an evaluation'] : []), ...(modelSignature ? ['a model signature'] : [])];
  return wanted.length === 0 ? 'a quorum is enough' : `${wanted.join(' and ')}, besides the quorum`;
}
