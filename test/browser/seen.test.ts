import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CoreBrowser, openCoreBrowser } from './core-page.ts';
import { beyondKeyboard } from './keyboard.ts';
import { unseen } from './seen.ts';

/** That the measurements of every screen find what they are for, on a screen made for it. */

let browser: CoreBrowser;
let page: Page;

beforeAll(async () => {
  browser = await openCoreBrowser();
  page = await browser.open();
});
afterAll(() => browser?.close());

beforeEach(() =>
  page.evaluate(() => {
    document.adoptedStyleSheets = [];
    const main = document.createElement('main');
    main.className = 'page';
    main.style.paddingTop = '2rem';
    for (const [tag, text] of [
      ['h1', 'A screen'],
      ['p', 'Read this.'],
      ['button', 'First'],
      ['button', 'Second'],
    ] as const) {
      const element = document.createElement(tag);
      element.textContent = text;
      main.append(element);
    }
    document.getElementById('app')?.replaceChildren(main);
  }),
);

async function force(css: string): Promise<void> {
  await page.evaluate((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    document.adoptedStyleSheets = [sheet];
  }, css);
}

it('a screen that is in order has nothing to be found', async () => {
  expect(await unseen(page)).toEqual([]);
  expect(await beyondKeyboard(page)).toEqual([]);
});

describe('is found', () => {
  it.each([
    [
      'pale text, in the dark alone',
      '@media (prefers-color-scheme: dark) { p { color: #555 } }',
      /^dark, 320 px: color-contrast: <p>/,
    ],
    [
      'pale text of a narrow window',
      '@media (max-width: 30rem) { p { color: #bbb } }',
      /^light, 320 px: color-contrast: <p>/,
    ],
    ['a text that is wider than its window', 'p { width: 2000px }', /^light, 320 px: (?:outside|wider)/],
    [
      'a text that is clipped',
      'h1 { max-height: 0.5em; overflow: hidden }',
      /^light, 320 px, says the page: .*cut off/,
    ],
  ])('%s', async (_, css, what) => {
    await force(css);
    expect(await unseen(page)).toContainEqual(expect.stringMatching(what));
  });

  it.each([
    ['a button without a mark of the focus', 'button { outline: none !important }', 'not marked: BUTTON First'],
    ['a button under something', 'h1 { position: fixed; inset: 0; background: Canvas }', 'covered: BUTTON First'],
    [
      'a button outside of the window',
      'button { position: fixed; left: -500px }',
      'outside of the window: BUTTON First',
    ],
    ['what is pressed by mouse alone', 'p { cursor: pointer }', 'by mouse alone: P Read this.'],
  ])('%s', async (_, css, what) => {
    await force(css);
    expect(await beyondKeyboard(page)).toContain(what);
  });

  it.each([
    ['a button that the Tab key passes over', 'tabindex', '-1', 'not reached: BUTTON First'],
    ['an order that is not that of reading', 'tabindex', '2', 'not in the order of reading: BUTTON Second'],
  ])('%s', async (_, name, value, what) => {
    await page.evaluate(
      ([attribute, given]) => {
        const [first, second] = document.querySelectorAll('button');
        (given === '-1' ? first : second)?.setAttribute(attribute, given);
      },
      [name, value] as const,
    );
    expect(await beyondKeyboard(page)).toContain(what);
  });

  it('a focus that is kept', async () => {
    await page.evaluate(() => {
      const [first] = document.querySelectorAll('button');
      first?.addEventListener('keydown', (event) => event.preventDefault());
    });
    expect(await beyondKeyboard(page)).toContain('not reached: BUTTON Second');
  });
});
