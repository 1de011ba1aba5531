import type { Statement } from '../../../../src/core/statement/statement.ts';
import { Text } from './text.tsx';

/** What is signed, member by member: never folded, so that nothing of it is left out for want of a place above. */
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

/** Its indentation is ours. */
function Line({ line }: { line: string }) {
  const text = line.trimStart();
  return (
    <div style={{ paddingLeft: `${line.length - text.length}ch` }}>
      <Text of={text} />
    </div>
  );
}
