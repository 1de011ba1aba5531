import type { ComponentChildren } from 'preact';

export interface Row {
  readonly key: string;
  /** What the row is about, and then its values: as many as there are columns. */
  readonly cells: readonly ComponentChildren[];
  readonly isFailed?: boolean;
}

/** Values side by side; on a narrow page under one another, each with the name of its column. */
export function Table({ head, rows, kind = '' }: { head: readonly string[]; rows: readonly Row[]; kind?: string }) {
  return (
    <table class={kind}>
      <thead>
        <tr>
          {head.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, cells: [place, ...values], isFailed }) => (
          <tr key={key} class={isFailed ? 'failed' : ''}>
            <th scope="row">{place}</th>
            {values.map((value, i) => (
              <td key={i} data-column={head[i + 1]}>
                {value}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
