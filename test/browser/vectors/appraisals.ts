import { verifyWeb } from '../../../src/platform/verify-web.ts';
import { appraisalText, appraiseCase, type CarriedCase } from '../../platforms/carried-case.ts';

/** The canonical appraisals by name, as text: in a page, with WebCrypto. */
export async function appraiseInPage(cases: readonly CarriedCase[]): Promise<Readonly<Record<string, string>>> {
  const texts: Record<string, string> = {};
  for (const carried of cases) texts[carried.name] = appraisalText(await appraiseCase(carried, verifyWeb));
  return texts;
}

/** Milliseconds that each of `times` appraisals of a case takes in the page, keys imported anew for the first. */
export async function timeInPage(carried: CarriedCase, times: number): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await appraiseCase(carried, verifyWeb);
    taken.push(performance.now() - start);
  }
  return taken;
}
