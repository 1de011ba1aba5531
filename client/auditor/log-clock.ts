import type { Entry } from '../../src/core/log/entry.ts';
import { MAX_SKEW_MS } from '../../src/core/state/judgement.ts';
import type { Facts } from '../../src/core/state/state.ts';
import { exactDuration, exactInstant } from '../exact.ts';

/** How the entries of a log are dated, by the vault: counted entry by entry. */
export interface LogClock {
  /** Time of the last entry; null before the first. */
  readonly lastMs: number | null;
  /** The latest time of any. */
  readonly latestMs: number;
  /** Entries dated more than five minutes before an earlier one: a clock was wrong. */
  readonly datedBack: number;
  /** The longest time in which nothing was recorded, and the entry that ended it; null before the second. */
  readonly silence: { readonly ms: number; readonly endedBy: number } | null;
}

export const EMPTY_LOG_CLOCK: LogClock = { lastMs: null, latestMs: 0, datedBack: 0, silence: null };

/** A vault says every hour that it lives, unless told otherwise: one that has not for a day is silent. */
const SILENT_MS = 24 * 60 * 60_000;

export function clocked(clock: LogClock, { index, time }: Pick<Entry, 'index' | 'time'>): LogClock {
  const ms = time - clock.latestMs;
  const isLongest = clock.lastMs !== null && ms > (clock.silence?.ms ?? -1);
  return {
    lastMs: time,
    latestMs: Math.max(clock.latestMs, time),
    datedBack: clock.datedBack + (ms < -MAX_SKEW_MS ? 1 : 0),
    silence: isLongest ? { ms, endedBy: index } : clock.silence,
  };
}

/** How the log's clock differs from the auditor's own, each in one sentence; none where they agree. */
export function clockFindings(
  { lastMs }: LogClock,
  { attestedMs }: Pick<Facts, 'attestedMs'>,
  nowMs: number,
): readonly string[] {
  if (lastMs === null) return [];
  const findings: string[] = [];
  if (lastMs < nowMs - SILENT_MS) {
    findings.push(
      `the log’s last entry is dated ${exactDuration(nowMs - lastMs)} before this machine’s clock: the vault is silent, or its clock stands still`,
    );
  }
  if (lastMs > nowMs + MAX_SKEW_MS) {
    findings.push(`the log’s last entry is dated ${exactDuration(lastMs - nowMs)} ahead of this machine’s clock`);
  }
  if (attestedMs > nowMs + MAX_SKEW_MS) {
    findings.push(
      `custodians have signed times up to ${exactInstant(attestedMs)}, ${exactDuration(attestedMs - nowMs)} ahead of this machine’s clock: a quorum sets the log’s clock back`,
    );
  }
  return findings;
}
