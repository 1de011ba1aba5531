/** How values are shown to people. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const DURATIONS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `512 B`, `16.2 MiB`. */
export function bytesText(bytes: number | bigint): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** The last instant that a date can say (ECMAScript, "Time Values"); what is said may be any number. */
const MAX_INSTANT_MS = 8.64e15;

/** UTC, to the second. */
export function timeText(instantMs: number): string {
  if (Math.abs(instantMs) > MAX_INSTANT_MS) return 'never';
  return `${new Date(instantMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** `90s`, `30m`, `8h`, `7d` in milliseconds; null for anything else. */
export function durationMs(text: string): number | null {
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

/** More is cut: one long word of the vault's would be paid for in every row. */
const MAX_CELL_LENGTH = 256;

/** Columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const all = [head, ...rows].map((row) => row.map(cut));
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function cut(cell: string): string {
  return cell.length <= MAX_CELL_LENGTH ? cell : `${cell.slice(0, MAX_CELL_LENGTH - 1)}…`;
}
