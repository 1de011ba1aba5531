import { useLayoutEffect, useRef } from 'preact/hooks';

/** The element that had the focus when the person pressed, or that this page focused since. */
let held: Element | null = null;

export function holdFocus(): void {
  held = document.activeElement;
}

/** For the result of an act: it takes the focus when it is shown, unless the person has moved the focus elsewhere. */
export function useResult<T extends HTMLElement>(isResult = true) {
  const result = useRef<T>(null);
  useLayoutEffect(() => {
    const { activeElement } = document;
    if (isResult && (activeElement === held || isNowhere(activeElement))) give(result.current);
  }, []);
  return result;
}

/** Gives the focus to the heading where the focused element is gone or disabled and no result took the focus. */
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
  // An element shown in the same turn may take the focus itself.
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
