import { signal } from '@preact/signals';
import { quoted } from '../../../../src/core/quoted.ts';

/**
 * Checks that a person can see everything on a screen. A person must see all that they sign, so the page measures itself
 * and disables granting while something is cut off, hidden, covered or shrunk.
 */

/** Milliseconds between two measurements: style sheets, fonts and zoom change without an event. */
const EVERY_MS = 1000;
/** After a measurement, the page rests for this many times its duration, so that a large screen still reacts. */
const RESTS = 4;
const REST_MAX_MS = 4000;
/** Characters of the hidden text that the message quotes. */
const QUOTED_LENGTH = 40;
/** Tolerance for borders and rounding. */
const SLACK_PX = 1.5;
/** Tolerance, in line heights: letters reach beyond the box of their line. */
const SLACK_LINES = 0.35;
const HEIGHT_MIN_PX = 6;
/** Text with less opacity counts as hidden; a disabled button has half. */
const OPACITY_MIN = 0.4;
/** The banner of a simulation stays at the top while the page moves under it. */
const BANNER = '.simulation';
const BANNER_MAX_SHARE = 1 / 3;
/** Not measured: the reader's own texts, and column names, which a narrow page repeats beside every value. */
const NOT_MEASURED = 'select, textarea, thead';

/** A sentence that says what is cut off on the screen; null where nothing is. */
export const cutOff = signal<string | null>(null);

/** The area where an element's text is visible, and the reason where it is not visible at all. */
interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly opacity: number;
  readonly hidden: string | null;
}

/** Measures now, soon after every change and once a second, until it is told to end. */
export function watchCutOff(screen: HTMLElement): () => void {
  let timer = setTimeout(() => undefined);
  let dueMs = Number.POSITIVE_INFINITY;
  let restedMs = 0;
  const measure = () => {
    const startMs = performance.now();
    dueMs = Number.POSITIVE_INFINITY;
    measureCutOff(screen);
    const endMs = performance.now();
    restedMs = endMs + Math.min(RESTS * (endMs - startMs), REST_MAX_MS);
    next(EVERY_MS);
  };
  // A change never delays a measurement that is due, so a page that keeps changing is still measured.
  const next = (afterMs: number) => {
    const nowMs = performance.now();
    const atMs = Math.max(nowMs + afterMs, restedMs);
    if (atMs >= dueMs) return;
    clearTimeout(timer);
    dueMs = atMs;
    timer = setTimeout(measure, atMs - nowMs);
  };
  const soon = () => next(0);
  const observer = new MutationObserver(soon);
  observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  const ended = new AbortController();
  for (const event of ['resize', 'scroll']) {
    addEventListener(event, soon, { capture: true, passive: true, signal: ended.signal });
  }
  measure();
  return () => {
    observer.disconnect();
    ended.abort();
    clearTimeout(timer);
    cutOff.value = null;
  };
}

/** Measures now. */
export function measureCutOff(screen: Element): string | null {
  cutOff.value = findCutOff(screen);
  return cutOff.value;
}

function findCutOff(screen: Element): string | null {
  const frames = new Map<Element, Frame>();
  const texts = document.createTreeWalker(screen, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    const text = node.nodeValue?.trim() ?? '';
    const parent = node.parentElement;
    if (text === '' || parent === null || parent.closest(NOT_MEASURED) !== null || isFolded(parent)) continue;
    const why = whyUnseen(node, parent, frameOf(parent, frames));
    if (why !== null) return `${quoted(beginningOf(text))} in ${quoted(beginningOf(placeOf(parent)))} ${why}`;
  }
  return null;
}

function beginningOf(text: string): string {
  return text.length <= QUOTED_LENGTH ? text : `${text.slice(0, QUOTED_LENGTH)}…`;
}

function placeOf(element: Element): string {
  return element.closest('section')?.getAttribute('aria-label') ?? document.title;
}

/** A folded part holds nothing that a person signs: see parts/fold. */
function isFolded(element: Element): boolean {
  const fold = element.closest('details:not([open])');
  if (fold === null) return false;
  const isSummary = fold.querySelector(':scope > summary')?.contains(element) ?? false;
  return !isSummary || (fold.parentElement !== null && isFolded(fold.parentElement));
}

function whyUnseen(node: Node, parent: Element, frame: Frame): string | null {
  if (frame.hidden !== null) return frame.hidden;
  const range = document.createRange();
  range.selectNodeContents(node);
  const rects = [...range.getClientRects()];
  if (rects.length === 0) return 'is not displayed';
  for (const [i, rect] of rects.entries()) {
    // White space at the end of a line.
    if (rect.width === 0 && rects.length > 1) continue;
    if (rect.width < 1 || rect.height < HEIGHT_MIN_PX) return 'is too small to be read';
    if (!isWithin(rect, frame)) return 'is cut off';
    if (isCovered(rect, parent) || areOverOneAnother(rect, rects[i + 1])) return 'is covered';
  }
  return null;
}

function isWithin({ left, right, top, bottom, height }: DOMRect, frame: Frame): boolean {
  const slack = height * SLACK_LINES;
  return (
    left >= frame.left - SLACK_PX &&
    right <= frame.right + SLACK_PX &&
    top >= frame.top - slack &&
    bottom <= frame.bottom + slack
  );
}

/** Lines of one text. */
function areOverOneAnother(a: DOMRect, b: DOMRect | undefined): boolean {
  if (b === undefined) return false;
  const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  return across > SLACK_PX && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > a.height / 2;
}

/** Checks only text inside the window; other text is checked once it is scrolled into view. */
function isCovered({ left, right, top, bottom }: DOMRect, parent: Element): boolean {
  const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  if (hit === null || parent.contains(hit)) return false;
  const banner = hit.closest(BANNER);
  return banner === null || banner.getBoundingClientRect().height > innerHeight * BANNER_MAX_SHARE;
}

function frameOf(element: Element, frames: Map<Element, Frame>): Frame {
  const known = frames.get(element);
  if (known !== undefined) return known;
  const frame = within(
    element,
    element.parentElement === null ? windowFrame() : frameOf(element.parentElement, frames),
  );
  frames.set(element, frame);
  return frame;
}

/** The width of the window, and the whole height of the page. */
function windowFrame(): Frame {
  const { clientWidth, scrollHeight } = document.documentElement;
  const top = -scrollY;
  return { left: -scrollX, right: clientWidth - scrollX, top, bottom: top + scrollHeight, opacity: 1, hidden: null };
}

function within(element: Element, outer: Frame): Frame {
  const style = getComputedStyle(element);
  const opacity = outer.opacity * Number(style.opacity);
  const hidden = outer.hidden ?? hiddenBy(style, opacity);
  if (['inline', 'contents'].includes(style.display)) return { ...outer, opacity, hidden };
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return {
    left: Math.max(left, outer.left),
    right: Math.min(right, outer.right),
    top: Math.max(top, outer.top),
    bottom: Math.min(bottom, outer.bottom),
    opacity,
    hidden,
  };
}

function hiddenBy(style: CSSStyleDeclaration, opacity: number): string | null {
  const { visibility, clipPath, maskImage, filter, webkitTextFillColor, webkitLineClamp } = style;
  if (visibility !== 'visible' || opacity < OPACITY_MIN) return 'is hidden';
  if (clipPath !== 'none' || maskImage !== 'none' || !['none', 'auto'].includes(webkitLineClamp)) return 'is cut off';
  if (/blur|opacity/.test(filter) || /^rgba\(.*, 0(?:\.[0-3]\d*)?\)$/.test(webkitTextFillColor)) return 'is hidden';
  return null;
}
