import type { Difference } from '../../../custodian/policy-diff.ts';
import type { PolicyChange } from '../../../custodian/review.ts';
import { DifferenceTable } from './difference-table.tsx';
import { PolicyFacts } from './policy.tsx';
import { Panel } from './screen.tsx';
import { Value } from './text.tsx';

/** The differences between the new policy and its base, and the whole new policy. */
export function PolicyChangePanel({ change }: { change: PolicyChange }) {
  return (
    <>
      <Panel title="What changes in the policy">
        <PolicyDifferences differences={change.differences} />
        <p class="quiet">
          Proposals that are open under the policy in force can then take effect only while it is in force again, with
          the votes that they have; leases that run go on.
        </p>
      </Panel>
      <Panel title="The whole new policy">
        <PolicyFacts policy={change.policy} />
      </Panel>
    </>
  );
}

export function PolicyDifferences({ differences }: { differences: readonly Difference[] }) {
  const rows = differences.map(({ path, before, after }) => ({
    place: path,
    before: <Value of={before} />,
    after: <Value of={after} />,
  }));
  return <DifferenceTable place="Place" before="Before" of={rows} />;
}
