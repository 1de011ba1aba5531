import { MAX_SKEW_MS } from '../../src/core/state/judgement.ts';
import type { Facts } from '../../src/core/state/state.ts';
import { counted, exactDuration, exactInstant } from '../display/exact.ts';

/** The vault's dates of a log's entries. Entries in `wrong` are not counted elsewhere. */
export interface LogClock {
  /** Time of the last entry; null before the first. */
  readonly lastMs: number | null;
  /** The latest time of any. */
  readonly latestMs: number;
  /** Entries dated more than five minutes before an earlier one: a clock was wrong. */
  readonly datedBack: number;
  /**
   * Approvals and releases among them, votes on corrections of the log's clock left out: each may have been dated to be
   * in time. How many, the first, and by how much the most; null where there is none.
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

/** An entry, as far as its date is concerned. */
export interface Dated {
  readonly index: number;
  readonly time: number;
  /** An approval or a release; a vote on a correction of the log's clock is none. */
  readonly isAct: boolean;
  /** The log's clock since a correction that took effect with the entry. Null for other entries. */
  readonly correctedMs: number | null;
}

/** Before the first entry. */
export const NO_CLOCK: LogClock = {
  lastMs: null,
  latestMs: 0,
  datedBack: 0,
  actsDatedBack: null,
  silence: null,
  wrong: null,
};

/** With the next entry, which is not in `wrong`. */
export function withDate(clock: LogClock, { index, time, isAct, correctedMs }: Dated): LogClock {
  const { lastMs, latestMs, datedBack, actsDatedBack, silence, wrong } = clock;
  const ms = time - latestMs;
  const isBack = ms < -MAX_SKEW_MS;
  return {
    lastMs: time,
    // What a quorum has corrected counts no more: from now on the true time does.
    latestMs: correctedMs ?? Math.max(latestMs, time),
    datedBack: isBack ? datedBack + 1 : datedBack,
    actsDatedBack: isBack && isAct ? withOne(actsDatedBack, index, -ms) : actsDatedBack,
    silence: lastMs !== null && ms > (silence?.ms ?? -1) ? { ms, endedBy: index } : silence,
    wrong,
  };
}

/** With an entry that was dated so much ahead. */
export function withWrong(clock: LogClock, index: number, aheadMs: number): LogClock {
  return { ...clock, wrong: withOne(clock.wrong, index, aheadMs) };
}

/** A vault says every hour that it lives, unless told otherwise: one that has not for a day is silent. */
const SILENT_MS = 24 * 60 * 60_000;

function withOne(all: LogClock['wrong'], index: number, ms: number): NonNullable<LogClock['wrong']> {
  if (all === null) return { count: 1, first: index, mostMs: ms };
  return { count: all.count + 1, first: Math.min(all.first, index), mostMs: Math.max(all.mostMs, ms) };
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
