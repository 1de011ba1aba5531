import * as z from 'zod/mini';
import type { PinnedRoots } from './platform.ts';

type Rows<Column extends string> = Readonly<Record<string, Readonly<Record<Column, z.ZodMiniType | null>>>>;

/** One optional member for each row that has a schema in the column, under the row's own name. */
type OptionalMembers<Column extends string, Table extends Rows<Column>> = {
  readonly [Id in keyof Table as Table[Id][Column] extends null ? never : Id]: z.ZodMiniOptional<
    NonNullable<Table[Id][Column]>
  >;
};

/**
 * The members of a document that has one for each row of a table. Each may be left out, and null is none: so a row that
 * is added later changes no document that was written before it.
 */
export function optionalMembers<Column extends string, Table extends Rows<Column>>(
  table: Table,
  column: Column,
): OptionalMembers<Column, Table> {
  const members = Object.entries(table).flatMap(([id, row]) => {
    const schema = row[column];
    return schema === null ? [] : [[id, z.optional(schema)]];
  });
  return Object.fromEntries(members) as OptionalMembers<Column, Table>;
}

/** The reports of a table's rows, as the options of a discriminated union. */
export function reportsOf<Table extends Rows<'report'>>(table: Table): [ReportIn<Table>, ...ReportIn<Table>[]] {
  return Object.values(table).map(({ report }) => report) as [ReportIn<Table>, ...ReportIn<Table>[]];
}
type ReportIn<Table extends Rows<'report'>> = NonNullable<Table[keyof Table]['report']>;

/** The roots that the values of a table's rows pin, each with the row's name before its field. */
export function pinnedRootsOf(
  table: Readonly<Record<string, { pinnedRoots(values: never): readonly PinnedRoots[] }>>,
  values: Readonly<Record<string, unknown>>,
): readonly PinnedRoots[] {
  return Object.entries(table).flatMap(([id, row]) => {
    const given = values[id];
    if (given === undefined) return [];
    return row.pinnedRoots(given as never).map((one) => ({ ...one, field: `${id}.${one.field}` }));
  });
}
