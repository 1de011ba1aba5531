import { MAX_SKEW_MS } from '../../src/core/state/judgement.ts';
import type { Facts } from '../../src/core/state/state.ts';
import { counted, exactDuration, exactInstant } from '../display/exact.ts';
import type { LogDates } from './log-dates.ts';

/** How the entries of a log are dated, by the vault. Entries in `wrong` count for nothing else. */
export interface LogClock {
  /** Time of the last entry; null before the first. */
  readonly lastMs: number | null;
  /** The latest time of any. */
  readonly latestMs: number;
  /** Entries dated more than five minutes before an earlier one: a clock was wrong. */
  readonly datedBack: number;
  /**
   * Approvals and releases among them, votes on corrections of the log's clock left out: each may have been dated to be in
   * time. How many, the first, and by how much the most; null where there is none.
   */
  readonly actsDatedBack: { readonly count: number; readonly first: number; readonly mostMs: number } | null;
  /** The longest time in which nothing was recorded, and the entry that ended it; null before the second. */
  readonly silence: { readonly ms: number; readonly endedBy: number } | null;
  /**
   * Entries of the vault alone whose date a threshold of custodians has shown to be wrong, by signing earlier times over
   * a log that held them. How many, the first, and by how much the most; null where there is none.
   */
  readonly wrong: { readonly count: number; readonly first: number; readonly mostMs: number } | null;
}

/** Judges the dates of a whole log. */
export function clockOf({ times, acts, corrections, wrong }: LogDates): LogClock {
  const isWrong = new Set(wrong.map(({ index }) => index));
  const corrected = new Map(corrections.map(({ index, attestedMs }) => [index, attestedMs]));
  let lastMs: number | null = null;
  let latestMs = 0;
  let datedBack = 0;
  let actsDatedBack: LogClock['actsDatedBack'] = null;
  let silence: LogClock['silence'] = null;
  for (const [index, time] of times.entries()) {
    if (isWrong.has(index)) continue;
    const ms = time - latestMs;
    const isBack = ms < -MAX_SKEW_MS;
    if (isBack) datedBack++;
    if (isBack && acts.has(index)) actsDatedBack = withOne(actsDatedBack, index, -ms);
    if (lastMs !== null && ms > (silence?.ms ?? -1)) silence = { ms, endedBy: index };
    lastMs = time;
    // What a quorum has corrected counts no more: from now on the true time does.
    latestMs = corrected.get(index) ?? Math.max(latestMs, time);
  }
  const ahead = wrong.sortBy(({ index }) => index);
  const shown = ahead.reduce<LogClock['wrong']>((all, { index, aheadMs }) => withOne(all, index, aheadMs), null);
  return { lastMs, latestMs, datedBack, actsDatedBack, silence, wrong: shown };
}

/** A vault says every hour that it lives, unless told otherwise: one that has not for a day is silent. */
const SILENT_MS = 24 * 60 * 60_000;

function withOne(all: LogClock['wrong'], index: number, ms: number): NonNullable<LogClock['wrong']> {
  if (all === null) return { count: 1, first: index, mostMs: ms };
  return { ...all, count: all.count + 1, mostMs: Math.max(all.mostMs, ms) };
}

/** What is to be asked of how a log is dated, by itself and by the auditor's own clock, each in one sentence. */
export function clockFindings(
  { lastMs, actsDatedBack, silence }: LogClock,
  { attestedMs }: Pick<Facts, 'attestedMs'>,
  nowMs: number,
): readonly string[] {
  if (lastMs === null) return [];
  const findings: string[] = [];
  if (actsDatedBack !== null) {
    const { count, first, mostMs } = actsDatedBack;
    findings.push(
      `${counted(count, 'approval or release is', 'approvals and releases are')} dated before an earlier entry, the first entry ${first}, by up to ${exactDuration(mostMs)}: ask those who signed when they did`,
    );
  }
  if (silence !== null && silence.ms > SILENT_MS) {
    findings.push(`the log was silent for ${exactDuration(silence.ms)} before entry ${silence.endedBy}`);
  }
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
