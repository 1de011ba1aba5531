import type { Change } from '../../../custodian/differences.ts';
import { DifferenceTable } from '../parts/difference-table.tsx';
import { Notice } from '../parts/notice.tsx';
import { Panel } from '../parts/screen.tsx';

/** What is otherwise than it was when this model was last released: where a changed request shows. */
export function ChangesPanel({ changes }: { changes: readonly Change[] | null }) {
  return (
    <Panel title="What differs from the last release of this model">
      {changes === null ? (
        <Notice tone="warn" title="This model has never been released">
          <p>There is nothing to compare it with: look at all of it.</p>
        </Notice>
      ) : null}
      {changes?.length === 0 ? <p>Nothing.</p> : null}
      {changes === null || changes.length === 0 ? null : (
        <DifferenceTable place="Field" before="Last time" rows={changes.map(rowOf)} />
      )}
    </Panel>
  );
}

function rowOf({ field, before, after }: Change) {
  return { place: field, before: before === '' ? null : before, after: after === '' ? null : after };
}
