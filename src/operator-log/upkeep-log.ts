import { TwinlockError } from '../core/errors.ts';
import type { ClockState, Clocks } from '../vault/clock-watch.ts';
import { LineBounds } from './line-bounds.ts';

/** `leftOut` is how many of its kind were left out since the last that was passed on. */
export type FaultLog = (error: unknown, leftOut: number) => void;
export type ClockLog = (state: ClockState) => void;

const HOUR_MS = 60 * 60_000;
/**
 * Lines an hour for each standing of the clock. A person sets a clock a few times; a clock that changes by itself is
 * reported every hour.
 */
const CHANGES_AN_HOUR = 6;
const MAX_KIND_CHARACTERS = 200;

/** Passes on each kind of fault at once, and then once an hour: what fails every few seconds may do so for weeks. */
export function boundedFaults(write: FaultLog, clocks: Pick<Clocks, 'monotonic'>): (error: unknown) => void {
  const lines = new LineBounds(clocks, HOUR_MS);
  return (error) => {
    const leftOut = lines.take(kindOf(error), 1);
    if (leftOut !== null) write(error, leftOut);
  };
}

/** Numbers in a message change from one time to the next. */
function kindOf(error: unknown): string {
  if (error instanceof TwinlockError) return error.code;
  return String(error).replaceAll(/\d+/g, '0').slice(0, MAX_KIND_CHARACTERS);
}

/** Passes on what changes, and once an hour what a person has to mend. To be told of every look at the clock. */
export function clockTeller(write: ClockLog, clocks: Pick<Clocks, 'monotonic'>): ClockLog {
  const lines = new LineBounds(clocks, HOUR_MS);
  let told: { readonly standing: ClockState['standing']; readonly atMs: number } | null = null;
  return (state) => {
    const { standing } = state;
    const atMs = clocks.monotonic();
    const isWrong = standing === 'behind' || standing === 'jumped';
    const isAgain = isWrong && told !== null && atMs - told.atMs >= HOUR_MS;
    if (standing === told?.standing && !isAgain) return;
    // A change that is left out is tried again at the next look: what was told last becomes true.
    if (lines.take(standing, CHANGES_AN_HOUR) === null) return;
    told = { standing, atMs };
    write(state);
  };
}
