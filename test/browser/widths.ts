import type { Page } from 'playwright-core';
import type { WithCore } from './core-page.ts';

/** By its own rules, not the page's: every element with a text in it is in the window and inside what holds it. */
export function outside(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const found: string[] = [];
    const hasText = (element: Element) =>
      [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.nodeValue?.trim() !== '');
    for (const element of document.querySelectorAll<HTMLElement>('#app *, #simulated-key *')) {
      if (!element.checkVisibility() || element.matches('option')) continue;
      const { left, right, height } = element.getBoundingClientRect();
      const what = `${element.tagName} ${element.textContent?.slice(0, 40)}`;
      if (left < -1 || right > width + 1) found.push(`outside the window: ${what}`);
      const isInline = getComputedStyle(element).display === 'inline';
      if (!isInline && element.scrollWidth > element.clientWidth + 1) found.push(`wider than it is: ${what}`);
      if (hasText(element) && height < 6) found.push(`flat: ${what}`);
      const cell = element.parentElement?.closest('td, th, dd, dt, li, pre, .panel')?.getBoundingClientRect();
      if (cell !== undefined && (left < cell.left - 1 || right > cell.right + 1))
        found.push(`outside its cell: ${what}`);
    }
    if (document.documentElement.scrollWidth > width) found.push('the page is wider than the window');
    return [...new Set(found)].slice(0, 10);
  });
}

/** Nothing, at each width; what is found, with the width. */
export async function outsideAtAnyWidth(page: Page, widths: readonly number[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 });
    found.push(...(await outside(page)).map((what) => `${width} px: ${what}`));
    const complaint = await page.evaluate(() => (globalThis as unknown as WithCore).twinlockCore.measure());
    if (complaint !== null) found.push(`${width} px, says the page: ${complaint}`);
  }
  return found;
}
