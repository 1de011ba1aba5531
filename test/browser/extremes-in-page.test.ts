import { describe, expect, it } from 'vitest';
import { makeCorpus } from '../extremes/corpus.ts';
import { judgeCorpus } from '../extremes/judge.ts';
import { openCoreBrowser, type WithCore } from './core-page.ts';

describe('extreme inputs', () => {
  it('are judged in a page as in Node', async () => {
    const corpus = await makeCorpus();
    const browser = await openCoreBrowser();
    try {
      const page = await browser.open();
      const inPage = await page.evaluate(
        (carried) => (globalThis as unknown as WithCore).twinlockCore.judgeCorpus(carried),
        corpus,
      );
      expect(inPage).toEqual(judgeCorpus(corpus));
    } finally {
      await browser.close();
    }
  }, 120_000);
});
