import type { Page } from 'playwright-core';

/** Where the walk stands in the page: what it expects, and what it has met. */
interface Walk {
  readonly stops: readonly HTMLElement[];
  readonly met: Element[];
  readonly found: string[];
}

/**
 * Walks through the screen and back with the Tab key alone. What it finds wrong: what can be used by mouse and is not reached,
 * reached in another order than it is read, not marked while it has the focus, covered or outside of the window then; and
 * a focus that does not leave the page again.
 */
export async function beyondKeyboard(page: Page, width = 1280): Promise<readonly string[]> {
  await page.setViewportSize({ width, height: 900 });
  const count = await page.evaluate(prepare);
  for (let i = 0; i <= count; i++) await page.keyboard.press('Tab');
  for (let i = 0; i <= count; i++) await page.keyboard.press('Shift+Tab');
  return page.evaluate(() => {
    const { walk, walking } = globalThis as unknown as { walk: Walk; walking: AbortController };
    walking.abort();
    const nameOf = (element: Element) => `${element.tagName} ${element.textContent?.trim().slice(0, 40)}`;
    const missed = walk.stops.filter((stop) => !walk.met.includes(stop)).map((stop) => `not reached: ${nameOf(stop)}`);
    return [...new Set(walk.found), ...missed];
  });
}

/** Runs in the page. Returns how many stops there are. */
function prepare(): number {
  const nameOf = (element: Element) => `${element.tagName} ${element.textContent?.trim().slice(0, 40)}`;
  const all = 'a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary';
  const visible = [...document.querySelectorAll<HTMLElement>(all)].filter((element) => element.checkVisibility());
  // Of a group of radio buttons one is a stop, and the arrows go on from it.
  const isStop = (element: HTMLElement) => {
    if (!(element instanceof HTMLInputElement) || element.type !== 'radio') return true;
    const group = visible.filter((other) => other instanceof HTMLInputElement && other.name === element.name);
    return element === (group.find((other) => (other as HTMLInputElement).checked) ?? group[0]);
  };
  const walk: Walk = { stops: visible.filter(isStop), met: [], found: [] };
  for (const element of document.querySelectorAll('#app *')) {
    const isPointed = getComputedStyle(element).cursor === 'pointer' && element.checkVisibility();
    if (isPointed && element.closest(`${all}, label, button`) === null)
      walk.found.push(`by mouse alone: ${nameOf(element)}`);
  }
  for (const stop of walk.stops) {
    if (stop.tabIndex > 0) walk.found.push(`not in the order of reading: ${nameOf(stop)}`);
  }
  const walking = new AbortController();
  const look = ({ key }: KeyboardEvent) => {
    if (key !== 'Tab') return;
    const element = document.activeElement ?? document.body;
    walk.met.push(element);
    if (element === document.body) return;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    if (outlineStyle === 'none' || Number.parseFloat(outlineWidth) < 2)
      walk.found.push(`not marked: ${nameOf(element)}`);
    const { left, right, top, bottom, height } = element.getBoundingClientRect();
    const isInside =
      left >= -1 && right <= innerWidth + 1 && (height > innerHeight || (top >= -1 && bottom <= innerHeight + 1));
    if (!isInside) walk.found.push(`outside of the window: ${nameOf(element)}`);
    for (const y of [top + 2, (top + bottom) / 2, bottom - 2]) {
      const hit = document.elementFromPoint((left + right) / 2, y);
      const isSeen = hit !== null && (element.contains(hit) || hit.contains(element));
      if (isInside && !isSeen) walk.found.push(`covered: ${nameOf(element)}`);
    }
  };
  // The focus has moved, and the page with it, once the key is up.
  addEventListener('keyup', look, { signal: walking.signal });
  Object.assign(globalThis, { walk, walking });
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute('tabindex');
  scrollTo(0, 0);
  return walk.stops.length;
}
