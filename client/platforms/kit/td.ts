import { INSTANT, TCB_STATUSES, type TcbStatus } from '../../../src/core/attest/kit/td.ts';
import { beware, type Remark } from './remark.ts';

/** The sentences and proposals about a TD, for its quote and for a service's token about it. */

export function dateText(minTcbDate: string | undefined): string {
  return minTcbDate === undefined ? 'a TCB of any date' : `a TCB of ${minTcbDate} or later`;
}

export function staleTcb(name: string, statuses: readonly string[]): Remark[] {
  const stale = statuses.filter((status) => status !== 'UpToDate');
  return stale.length === 0 ? [] : [beware(`${name}: platforms are accepted that Intel calls ${stale.join(', ')}`)];
}

/** A weakness that only reference values refuse: a platform that Intel does not call up to date. */
export function unlessUpToDate(status: string | undefined): readonly string[] {
  if (status === undefined || status === 'UpToDate') return [];
  return [`Intel calls this platform ${status}`];
}

/**
 * A new document's floor is what was measured, and none where that is no date. A document that has a floor lowers it to
 * an older date; a document without one stays without.
 */
export function dateFloor(
  before: { readonly minTcbDate?: string | undefined } | null,
  date: string,
): string | undefined {
  const measured = INSTANT.test(date) ? date : undefined;
  if (before === null) return measured;
  const floor = before.minTcbDate;
  return floor === undefined || measured === undefined || floor < measured ? floor : measured;
}

/** None, where there is no status or one that no document may allow: the rules then say why. */
export function statusesOf(status: string): Exclude<TcbStatus, 'Revoked'>[] {
  return TCB_STATUSES.filter((one) => one !== 'Revoked').filter((one) => one === status);
}
