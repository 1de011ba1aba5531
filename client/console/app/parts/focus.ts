import { useLayoutEffect, useRef } from 'preact/hooks';

/** What had the focus when the person pressed, or what this page has given it to since. */
let held: Element | null = null;

export function holdFocus(): void {
  held = document.activeElement;
}

/** For what came of an act: it takes the focus once it is shown, unless the person has gone on to something else. */
export function useResult<T extends HTMLElement>(isResult = true) {
  const result = useRef<T>(null);
  useLayoutEffect(() => {
    const { activeElement } = document;
    if (isResult && (activeElement === held || isNowhere(activeElement))) give(result.current);
  }, []);
  return result;
}

/** Where what had the focus is gone or disabled, and nothing has come of it that took the focus, the heading has it. */
export function keepFocus(root: HTMLElement): void {
  let last: Element | null = null;
  root.addEventListener('focusin', ({ target }) => {
    last = target instanceof Element ? target : null;
  });
  const restore = () => {
    const isLost = last !== null && (!last.isConnected || last.matches(':disabled'));
    const { activeElement } = document;
    if (isLost && (activeElement === last || isNowhere(activeElement)))
      give(root.querySelector<HTMLElement>('main h1'));
  };
  // What is shown next in the same turn may take the focus itself.
  const watching = new MutationObserver(() => setTimeout(restore));
  watching.observe(root, { childList: true, subtree: true, attributeFilter: ['disabled'] });
}

function give(element: HTMLElement | null): void {
  element?.focus();
  held = element;
}

function isNowhere(element: Element | null): boolean {
  return element === null || element === document.body;
}
