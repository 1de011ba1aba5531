import { LineBounds } from '../operator-log/line-bounds.ts';
import type { Clocks } from '../vault/clock-watch.ts';
import { LOGGED_PATH_CHARACTERS, REFUSED_LINES_A_MINUTE, SERVED_LINES_A_MINUTE } from '../vault/limits.ts';

/** The fields of an answer's line. They never hold a header, a body or a query. */
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
 * does not fill the disk. A kind is a status with a code, so there are as many kinds as codes.
 */
export function boundedLog(write: AccessLog, clocks: Pick<Clocks, 'monotonic'>): AccessLog {
  const lines = new LineBounds(clocks, MINUTE_MS);
  return (line) => {
    const kind = `${line.status} ${typeof line.error === 'string' ? line.error : ''}`;
    const leftOut = lines.take(kind, line.status < 400 ? SERVED_LINES_A_MINUTE : REFUSED_LINES_A_MINUTE);
    if (leftOut === null) return;
    const path = line.path.slice(0, LOGGED_PATH_CHARACTERS);
    write({ ...line, path, ...(leftOut > 0 ? { leftOut } : {}) });
  };
}
