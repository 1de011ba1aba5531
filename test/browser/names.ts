import type { Page } from 'playwright-core';
import type { Hex } from '../../src/core/bytes.ts';

/** Who and what can be named on a page. */
export interface Named {
  readonly persons: readonly { readonly person: Hex; readonly name: string }[];
  readonly machines: readonly string[];
}

/**
 * Where the page names a person without their id, their membership and when they were first seen, or a machine outside
 * of quotation marks, which no name has. An option says no time; before there is a log, none has been seen.
 */
export function namedByNameAlone(page: Page, named: Named, isLogThere = true): Promise<readonly string[]> {
  return page.evaluate(
    ([{ persons, machines }, isSeen]) => {
      const found: string[] = [];
      const entryOf = (element: Element) =>
        element.closest('li, dd, option, .who, .card, label, p, td, pre, h1, h2') ?? element;
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
        const parent = node.parentElement;
        const text = node.nodeValue ?? '';
        if (parent === null || parent.closest('script, style') !== null) continue;
        const entry = entryOf(parent);
        const whole = entry.textContent ?? '';
        for (const { person, name } of persons) {
          if (!new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(text)) continue;
          const place = `${name} in ${entry.tagName}: ${whole.slice(0, 120)}`;
          if (!whole.replaceAll(/\s/g, '').includes(person)) found.push(`no id: ${place}`);
          // What is signed, and the sentence of an error, have room for the id alone.
          if (entry.matches('pre, .sentence')) continue;
          if (!/custodian|founder/.test(whole)) found.push(`no membership: ${place}`);
          const saysWhen = /first seen in entry|not known before/.test(whole);
          const hasRoom = entry.tagName !== 'OPTION' && !entry.matches('.who');
          if (isSeen && hasRoom && !saysWhen && parent.closest('td, [aria-label="Stop without the vault"]') === null) {
            found.push(`never seen: ${place}`);
          }
        }
        for (const name of machines) {
          const isFramed = whole.includes(`“${name}”`) || whole.includes(`"${name}"`);
          if (text.includes(name) && !isFramed)
            found.push(`no frame: ${name} in ${entry.tagName}: ${whole.slice(0, 120)}`);
        }
      }
      return found;
    },
    [named, isLogThere] as const,
  );
}
