import { describe, expect, it } from 'vitest';
import { makeCorpus } from '../extremes/corpus.ts';
import { judgeCorpus } from '../extremes/judge.ts';
import { openCorePage, serveCorePage, type WithCore } from './core-page.ts';
import { launchBrowser } from './workstation.ts';

describe('extreme inputs', () => {
  it('are judged in a page as in Node', async () => {
    const corpus = await makeCorpus();
    const served = await serveCorePage();
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      await openCorePage(page, served);
      const inPage = await page.evaluate(
        (carried) => (globalThis as unknown as WithCore).twinlockCore.judgeCorpus(carried),
        corpus,
      );
      expect(inPage).toEqual(judgeCorpus(corpus));
    } finally {
      await browser.close();
      await served.close();
    }
  }, 120_000);
});
