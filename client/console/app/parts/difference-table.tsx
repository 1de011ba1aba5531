import type { ComponentChildren } from 'preact';
import { Table } from './table.tsx';
import { Text } from './text.tsx';

interface Difference {
  readonly place: string;
  readonly before: ComponentChildren;
  readonly after: ComponentChildren;
}

/** A table of differences, one row for each place. */
export function DifferenceTable({ place, before, of }: { place: string; before: string; of: readonly Difference[] }) {
  return (
    <Table
      head={[place, before, 'Now']}
      rows={of.map((difference, i) => ({
        key: `${i} ${difference.place}`,
        cells: [<Text key="place" of={difference.place} />, difference.before, difference.after],
      }))}
    />
  );
}
