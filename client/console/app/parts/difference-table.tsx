interface Row {
  readonly place: string;
  /** Null where there is nothing. */
  readonly before: string | null;
  readonly after: string | null;
}

/** What is otherwise, place by place. */
export function DifferenceTable({ place, before, rows }: { place: string; before: string; rows: readonly Row[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">{place}</th>
            <th scope="col">{before}</th>
            <th scope="col">Now</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={`${i} ${row.place}`}>
              <th scope="row">{row.place}</th>
              <td>
                <code>{row.before ?? 'none'}</code>
              </td>
              <td>
                <code>{row.after ?? 'none'}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
