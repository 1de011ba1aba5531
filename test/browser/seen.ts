import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { outsideAtAnyWidth } from './widths.ts';

/** Whether a screen can be seen by everybody: at every width, light and dark. */

export const WIDTHS = [320, 390, 768, 1280, 1920];
const SCHEMES = ['light', 'dark'] as const;
/** One on each side of all the widths at which the style sheet changes anything. */
const COLOURED_WIDTHS = new Set([320, 1280]);
const CONTRAST: axe.RunOnly = { type: 'rule', values: ['color-contrast'] };
/** What a program can judge of WCAG 2.2, A and AA; contrast of at least 4.5:1, of large letters 3:1, is part of it. */
const WCAG: axe.RunOnly = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] };

/** What cannot be seen, or not by everybody: cut off, outside of the window, too pale, or against WCAG. */
export async function unseen(page: Page, widths: readonly number[] = WIDTHS): Promise<readonly string[]> {
  const found: string[] = [];
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    for (const width of widths) {
      const here = [...(await outsideAtAnyWidth(page, [width]))];
      const rules = width === 1280 && colorScheme === 'light' ? WCAG : CONTRAST;
      if (COLOURED_WIDTHS.has(width))
        here.push(...(await brokenRules(page, rules)).map((what) => `${width} px: ${what}`));
      found.push(...here.map((what) => `${colorScheme}, ${what}`));
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  return found;
}

/** What axe finds, and what it cannot tell: nothing on these screens is of a kind that it has to leave open. */
export async function brokenRules(page: Page, rules: axe.RunOnly = WCAG): Promise<readonly string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  return page.evaluate(async (runOnly) => {
    // Under the banner that stays at the top, nothing could be told of a page that has moved.
    scrollTo(0, 0);
    const { axe: inPage } = globalThis as unknown as { axe: typeof axe };
    const { violations, incomplete } = await inPage.run(document, {
      runOnly,
      resultTypes: ['violations', 'incomplete'],
    });
    return [...violations, ...incomplete].flatMap(({ id, nodes }) =>
      nodes.map(
        ({ html, any }) =>
          `${id}: ${html.slice(0, 100)} ${any[0]?.message ?? ''} ${any[0]?.relatedNodes?.[0]?.html.slice(0, 100) ?? ''}`,
      ),
    );
  }, rules);
}
