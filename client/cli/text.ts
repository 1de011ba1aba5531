import { visibleText } from '../display/visible.ts';

/** How text is shown on a terminal. */

const DURATIONS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `30m`, `8h`, `7d` in milliseconds; null for anything else. */
export function durationOf(text: string): number | null {
  const match = /^([1-9][0-9]{0,5})([smhd])$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) * DURATIONS[match[2] as keyof typeof DURATIONS];
}

const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** What the vault says may hold anything; a terminal must not obey it. */
export function printable(line: string): string {
  return line.replace(STEERING, '\ufffd');
}

/** The same for a JSON document, which still says the same: JSON itself escapes only half of them. */
export function jsonText(document: object): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(document).replace(STEERING, (character) => character.split('').map(escaped).join(''));
}

/** A digest in a table: enough of it to find the whole. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 16);
}

/** No column is wider: one long word of the vault's would be paid for in every row. */
const MAX_COLUMN_LENGTH = 256;

/**
 * Columns as wide as their widest cell. A cell that is longer than a column may be is there in whole, and none looks
 * like two: spaces that follow one another are shown by their code points. Where there are no rows, there is no head
 * either, but what `none` says.
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
