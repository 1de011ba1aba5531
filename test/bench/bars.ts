import type { Bar } from './row.ts';

/** A measured figure that must stay below a limit, for logs of `entriesMin` entries and more. */
interface Measured {
  readonly bench: string;
  readonly what: string;
  readonly got: number;
  readonly limit: number;
  readonly unit: 's' | 'MB';
  readonly entries: number;
  readonly entriesMin: number;
}

/** A bar says nothing of a shorter log than it is for. */
export function bar({ entries, entriesMin, got, limit, ...named }: Measured): Bar {
  return { ...named, got, limit, entriesMin, isMet: entries < entriesMin ? null : got < limit };
}
