import type { Change } from '../../../custodian/differences.ts';
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
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col">Last time</th>
                <th scope="col">Now</th>
              </tr>
            </thead>
            <tbody>
              {changes.map(({ field, before, after }) => (
                <tr key={field}>
                  <th scope="row">{field}</th>
                  <td>
                    <code>{before === '' ? 'none' : before}</code>
                  </td>
                  <td>
                    <code>{after === '' ? 'none' : after}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
