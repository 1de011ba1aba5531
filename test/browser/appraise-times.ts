import type { CarriedCase } from '../platforms/carried-case.ts';
import { openCoreBrowser, type WithCore } from './core-page.ts';
import { unpackChromium } from './unpack-chromium.ts';

/** Milliseconds of `rounds` appraisals of each case in a page, after one to warm up. */
export async function timesInChromium(
  cases: readonly CarriedCase[],
  rounds: number,
): Promise<readonly (readonly number[])[]> {
  const browser = await openCoreBrowser(await unpackChromium());
  try {
    const page = await browser.open();
    const times: number[][] = [];
    for (const carried of cases) {
      const taken = await page.evaluate(
        ([given, count]) => (globalThis as unknown as WithCore).twinlockCore.timeInPage(given, count),
        [carried, rounds + 1] as const,
      );
      times.push(taken.slice(1));
    }
    return times;
  } finally {
    await browser.close();
  }
}
