import type { ComponentChildren } from 'preact';

export interface Row {
  readonly key: string;
  /** The row's subject and its values, one for each column. */
  readonly cells: readonly ComponentChildren[];
  readonly isFailed?: boolean;
}

/** A table; a narrow page shows the values one below the other, each with its column's name. */
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
