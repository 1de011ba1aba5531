import type { Statement } from '../../../../src/core/statement/statement.ts';
import { Text } from './text.tsx';

/** The statement to sign, member by member, never folded: it shows also the members that the panels above do not. */
export function Exactly({ statement }: { statement: Statement }) {
  return (
    <div class="part">
      <h3>The statement, exactly</h3>
      <pre>
        {JSON.stringify(statement, null, 2)
          .split('\n')
          .map((line, i) => (
            <Line key={i} line={line} />
          ))}
      </pre>
    </div>
  );
}

/** A line of the statement, indented by this page. */
function Line({ line }: { line: string }) {
  const text = line.trimStart();
  return (
    <div style={{ paddingLeft: `${line.length - text.length}ch` }}>
      <Text of={text} />
    </div>
  );
}
