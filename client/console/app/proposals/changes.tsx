import type { ReleaseDifference, Tallied } from '../../../custodian/differences.ts';
import { counted } from '../../../display/exact.ts';
import { DifferenceTable } from '../parts/difference-table.tsx';
import { Notice } from '../parts/notice.tsx';
import { Panel } from '../parts/screen.tsx';
import { Value } from '../parts/text.tsx';

/** The differences from the last release of this model. */
export function ChangesPanel({ changes }: { changes: readonly ReleaseDifference[] | null }) {
  return (
    <Panel title="What differs from the last release of this model">
      {changes === null ? (
        <Notice tone="warn" title="This model has never been released">
          <p>There is nothing to compare it with: check all of it.</p>
        </Notice>
      ) : null}
      {changes?.length === 0 ? <p>Nothing.</p> : null}
      {changes === null || changes.length === 0 ? null : (
        <DifferenceTable place="Field" before="Last time" of={changes.map(differenceOf)} />
      )}
    </Panel>
  );
}

function differenceOf({ field, before, after }: ReleaseDifference) {
  return { place: field, before: <Values of={before} />, after: <Values of={after} /> };
}

/** Values, each with its number of hosts where that is not one. */
function Values({ of }: { of: readonly Tallied[] }) {
  if (of.length === 0) return <Value of={null} />;
  return (
    <ul class="plain">
      {of.map(({ value, count }) => (
        <li key={value}>
          <Value of={value} /> {count === 1 ? null : <span class="quiet">on {counted(count, 'host')}</span>}
        </li>
      ))}
    </ul>
  );
}
