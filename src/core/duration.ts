/** From the longest on; milliseconds. */
const STEPS: readonly (readonly [unit: string, ms: number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/**
 * The duration of `ms`, of either sign, rounded down to its `units` longest units: `40 days`, `5 minutes 12 seconds`.
 */
export function durationText(ms: number, units = 2): string {
  let rest = Math.abs(ms);
  const longest = STEPS.findIndex(([, unitMs]) => rest >= unitMs);
  if (longest === -1) return '0 seconds';
  const parts: string[] = [];
  for (const [unit, unitMs] of STEPS.slice(longest, longest + units)) {
    const count = Math.trunc(rest / unitMs);
    rest -= count * unitMs;
    if (count > 0) parts.push(`${count} ${unit}${count === 1 ? '' : 's'}`);
  }
  return parts.join(' ');
}

/** Says which of two instants is later, and by how much: `40 days ahead of`, `5 minutes 12 seconds behind`. */
export function aheadText(instantMs: number, otherMs: number): string {
  return `${durationText(instantMs - otherMs)} ${instantMs < otherMs ? 'behind' : 'ahead of'}`;
}
