import type { Dates } from '../core/attest/kit/wanted.ts';

/** From its issue to its end. A document that was issued later than the vault's clock says is not in date. */
export function isInDate({ issuedMs, endsMs }: Dates, nowMs: number): boolean {
  return issuedMs <= nowMs && nowMs <= endsMs;
}

/**
 * The newest of those that are in date: the highest edition, then the last issued, then the first of `values`.
 * Where none is, the newest that is over, which policy's grace may still take; what is from the future comes last.
 * Null for no values. No signature was looked at, so dates may be lies.
 */
export function newest<V>(values: readonly V[], datesOf: (value: V) => Dates, nowMs: number): V | null {
  const ranked = values.map((value) => ({ value, rank: rankOf(datesOf(value), nowMs) }));
  const [first] = ranked.toSorted((a, b) => compare(b.rank, a.rank));
  return first?.value ?? null;
}

function rankOf(dates: Dates, nowMs: number): readonly number[] {
  const { edition, issuedMs, endsMs } = dates;
  if (isInDate(dates, nowMs)) return [2, edition, issuedMs];
  return [issuedMs <= nowMs ? 1 : 0, edition, issuedMs, endsMs];
}

/** Compares two ranks of endorsements of the same kind. They have the same length where all earlier parts are equal. */
function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((one, i) => one !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
