import { exactBytes } from '../client/display/exact.ts';

/** Measures times and rates. */
export class Stopwatch {
  readonly #rows: { readonly what: string; readonly ms: number; readonly rate: string }[] = [];

  async time<T>(
    what: string,
    act: () => Promise<T>,
    rateOf: (result: T, seconds: number) => string = () => '',
  ): Promise<T> {
    const began = performance.now();
    const result = await act();
    const ms = performance.now() - began;
    this.#rows.push({ what, ms, rate: rateOf(result, ms / 1000) });
    return result;
  }

  get rows(): readonly (readonly string[])[] {
    return this.#rows.map(({ what, ms, rate }) => [
      what,
      ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`,
      rate,
    ]);
  }
}

export function perSecond(bytes: number, seconds: number): string {
  const rate = bytes / seconds / 1e6;
  return `${exactBytes(bytes)} at ${rate.toFixed(rate < 10 ? 1 : 0)} MB/s`;
}
