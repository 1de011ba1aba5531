import type { Clocks } from '../vault/clock-watch.ts';
import { LOGGED_PATH_CHARACTERS, REFUSED_LINES_A_MINUTE, SERVED_LINES_A_MINUTE } from '../vault/limits.ts';

/** What is told of an answer; never a header, a body or a query. */
export interface AccessLine {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  /** The code that was answered, or what went wrong inside. */
  readonly error?: unknown;
  /** How many lines with this status and code were left out since the last that was written. */
  readonly leftOut?: number;
}
export type AccessLog = (line: AccessLine) => void;

const MINUTE_MS = 60_000;

/**
 * Writes no more lines a minute of one kind than the limits say, and counts the others: a caller who is refused all day
 * does not fill the disk. A kind is a status with a code, so there are as many kinds as codes. The minute is that of the
 * clock that is never set.
 */
export function boundedLog(write: AccessLog, clocks: Pick<Clocks, 'monotonic'>): AccessLog {
  const kinds = new Map<string, { sinceMs: number; written: number; leftOut: number }>();
  return (line) => {
    const nowMs = clocks.monotonic();
    const kind = `${line.status} ${typeof line.error === 'string' ? line.error : ''}`;
    const seen = kinds.get(kind) ?? { sinceMs: nowMs, written: 0, leftOut: 0 };
    kinds.set(kind, seen);
    const isNewMinute = nowMs - seen.sinceMs >= MINUTE_MS;
    if (isNewMinute) Object.assign(seen, { sinceMs: nowMs, written: 0 });
    if (seen.written >= (line.status < 400 ? SERVED_LINES_A_MINUTE : REFUSED_LINES_A_MINUTE)) {
      seen.leftOut++;
      return;
    }
    const path = line.path.slice(0, LOGGED_PATH_CHARACTERS);
    write({ ...line, path, ...(seen.leftOut > 0 ? { leftOut: seen.leftOut } : {}) });
    seen.written++;
    seen.leftOut = 0;
  };
}
