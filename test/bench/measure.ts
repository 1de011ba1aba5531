/** Median, smallest and largest of what was measured. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One of several that do the same work. */
export interface Contestant {
  /** What is timed. */
  act(): unknown;
  /** Puts things back afterwards, outside the time. */
  after?(): unknown;
}

/** The seconds of every round. */
export type Rounds = readonly number[];

/**
 * Lets the contestants do their work by turns, once without a clock to warm up and then `rounds` times, each
 * round beginning with another one. What disturbs the machine for a while so disturbs all of them alike.
 */
export async function race<Name extends string>(
  contestants: Readonly<Record<Name, Contestant>>,
  rounds: number,
): Promise<Readonly<Record<Name, Rounds>>> {
  const names = Object.keys(contestants) as Name[];
  const seconds = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (const name of names) await timed(contestants[name]);
  for (let round = 0; round < rounds; round++) {
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      seconds[name].push(await timed(contestants[name]));
    }
  }
  return seconds;
}

async function timed({ act, after }: Contestant): Promise<number> {
  const began = performance.now();
  await act();
  const seconds = (performance.now() - began) / 1000;
  await after?.();
  return seconds;
}

/** The same work `times` over, for what is too short to be timed alone. */
export function repeated(times: number, act: () => unknown): Contestant {
  return {
    async act() {
      for (let i = 0; i < times; i++) await act();
    },
  };
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (position: number) => sorted[position] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  };
}
