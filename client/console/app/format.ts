/** How values are written for people. One time zone, the reader's, and always named. */

const INSTANT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const STEPS: readonly (readonly [unit: string, ms: number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

export function instant(ms: number): string {
  return INSTANT.format(ms);
}

/** In its largest unit, rounded down: `3 hours`. */
export function duration(ms: number): string {
  const [unit, step] = STEPS.find(([, unitMs]) => Math.abs(ms) >= unitMs) ?? ['second', 1000];
  const count = Math.trunc(ms / step);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** `in 3 hours` or `5 minutes ago`. */
export function fromNow(ms: number, nowMs: number): string {
  const gap = ms - nowMs;
  if (Math.abs(gap) < 1000) return 'now';
  return gap > 0 ? `in ${duration(gap)}` : `${duration(-gap)} ago`;
}

/** Bytes in binary units, with the exact count where it was rounded. */
export function size(bytes: bigint): string {
  let unit = 0;
  let rest = Number(bytes);
  while (rest >= 1024 && unit < UNITS.length - 1) {
    rest /= 1024;
    unit++;
  }
  const exact = `${bytes.toLocaleString('en')} bytes`;
  return unit === 0 ? exact : `${rest.toLocaleString('en', { maximumFractionDigits: 1 })} ${UNITS[unit]} (${exact})`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
