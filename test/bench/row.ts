import { type Rounds, type Spread, spreadOf } from './measure.ts';

/** How seconds become a figure: work done in a second, or the time of one piece of work. */
type Unit = 'GB/s' | 'MB/s' | 'entries/s' | 's' | 'ms';

export interface Figure extends Spread {
  readonly unit: Unit;
}

/** One line of the report. */
export interface Row {
  readonly bench: string;
  readonly what: string;
  /** How many times as long it takes as the alternative, of the same round; null where there is none. */
  readonly ratio: Spread | null;
  readonly figure: Figure;
  readonly alternative: { readonly what: string; readonly figure: Figure } | null;
}

/** What could not be compared, and what would make it so. */
export interface Skipped {
  readonly bench: string;
  readonly what: string;
  readonly reason: string;
}

/** The limit that the design demands of a figure. */
export interface Bar {
  readonly bench: string;
  readonly what: string;
  readonly got: number;
  /** `got` is to be below it. */
  readonly limit: number;
  readonly unit: 's' | 'MB';
  /** The length of the log that the bar is for; that of what was measured is in `what`. */
  readonly entriesMin: number;
  /** Null where a shorter log was measured. */
  readonly isMet: boolean | null;
}

export interface Result {
  readonly rows: readonly Row[];
  readonly skipped: readonly Skipped[];
  readonly bars?: readonly Bar[];
}

interface BenchOptions {
  /** Less work and fewer rounds: figures to look at, not to quote. */
  readonly quick: boolean;
  /** The length of the log that `replay` and `start` measure. */
  readonly entries: number;
  /** Says what is under way. */
  readonly say: (line: string) => void;
}

export type Bench = (options: BenchOptions) => Promise<Result>;

/** A scale for bulk (`work` is bytes), for entries (their number), or for the time of one of `work` pieces. */
export interface Scale {
  readonly unit: Unit;
  readonly work: number;
}

const FIGURES: Readonly<Record<Unit, (seconds: number, work: number) => number>> = {
  'GB/s': (seconds, bytes) => bytes / 1e9 / seconds,
  'MB/s': (seconds, bytes) => bytes / 1e6 / seconds,
  'entries/s': (seconds, entries) => entries / seconds,
  s: (seconds, pieces) => seconds / pieces,
  ms: (seconds, pieces) => (1000 * seconds) / pieces,
};

/** A row; `alternative` did the same work in the same rounds. */
export function row(
  bench: string,
  what: string,
  rounds: Rounds,
  scale: Scale,
  alternative: { readonly what: string; readonly rounds: Rounds } | null,
): Row {
  return {
    bench,
    what,
    ratio: alternative && spreadOf(rounds.map((seconds, i) => seconds / (alternative.rounds[i] ?? Number.NaN))),
    figure: figureOf(rounds, scale),
    alternative: alternative && { what: alternative.what, figure: figureOf(alternative.rounds, scale) },
  };
}

function figureOf(rounds: Rounds, { unit, work }: Scale): Figure {
  return { unit, ...spreadOf(rounds.map((seconds) => FIGURES[unit](seconds, work))) };
}
