import { visibleText } from '../display/visible.ts';

/** How text is shown on a terminal. */

const DURATIONS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `30m`, `8h`, `7d` in milliseconds; null for anything else. */
export function durationOf(text: string): number | null {
  const match = /^([1-9][0-9]{0,5})([smhd])$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) * DURATIONS[match[2] as keyof typeof DURATIONS];
}

/** The beginning of a digest, for a table: enough to find the whole digest. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 16);
}

/** The widest column: without this bound, one long text of the vault's would widen every row. */
const MAX_COLUMN_LENGTH = 256;

/**
 * Formats rows as columns, each as wide as its widest cell. A cell longer than the widest column is still printed whole.
 * Repeated spaces are shown by their code points, so that no cell looks like two. Without rows, returns `none` alone.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  none: string | null = null,
): readonly string[] {
  if (rows.length === 0) return none === null ? [] : [none];
  const all = [head, ...rows].map((row) => row.map(visibleText));
  const widths = head.map((_, column) =>
    all.reduce((width, row) => Math.max(width, Math.min(row[column]?.length ?? 0, MAX_COLUMN_LENGTH)), 0),
  );
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
