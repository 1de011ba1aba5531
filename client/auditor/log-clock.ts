import type { Entry } from '../../src/core/log/entry.ts';
import { MAX_SKEW_MS } from '../../src/core/state/judgement.ts';
import type { Facts, Proposal } from '../../src/core/state/state.ts';
import { counted, exactDuration, exactInstant } from '../exact.ts';

/** How the entries of a log are dated, by the vault: counted entry by entry. */
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
}

export const EMPTY_LOG_CLOCK: LogClock = {
  lastMs: null,
  latestMs: 0,
  datedBack: 0,
  actsDatedBack: null,
  silence: null,
};

/** A vault says every hour that it lives, unless told otherwise: one that has not for a day is silent. */
const SILENT_MS = 24 * 60 * 60_000;

/** `facts` are those after the entry. */
export function clocked(clock: LogClock, entry: Entry, facts: Facts): LogClock {
  const { index, time } = entry;
  const correction = correctionOf(entry, facts);
  const ms = time - clock.latestMs;
  const isBack = ms < -MAX_SKEW_MS;
  const isAct = (entry.kind === 'approval' && correction === null) || entry.kind === 'release';
  const isLongest = clock.lastMs !== null && ms > (clock.silence?.ms ?? -1);
  return {
    lastMs: time,
    // What a quorum has corrected counts no more: from now on the true time does.
    latestMs: correction?.phase === 'executed' ? facts.attestedMs : Math.max(clock.latestMs, time),
    datedBack: clock.datedBack + (isBack ? 1 : 0),
    actsDatedBack: isBack && isAct ? withAct(clock.actsDatedBack, index, -ms) : clock.actsDatedBack,
    silence: isLongest ? { ms, endedBy: index } : clock.silence,
  };
}

/** The correction of the log's clock that an entry is a vote on, or null. */
function correctionOf({ kind, body }: Entry, { proposals }: Facts): Proposal | null {
  const proposal = kind === 'approval' ? proposals.get(body.proposal) : undefined;
  return proposal?.statement.kind === 'clock' ? proposal : null;
}

function withAct(acts: LogClock['actsDatedBack'], index: number, backMs: number): LogClock['actsDatedBack'] {
  if (acts === null) return { count: 1, first: index, mostMs: backMs };
  return { ...acts, count: acts.count + 1, mostMs: Math.max(acts.mostMs, backMs) };
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
