import { computed, signal } from '@preact/signals';

/** Where in the page one is: the part of the address that no server sees, without its number sign. */
const fragment = signal(location.hash.slice(1));
addEventListener('hashchange', () => {
  fragment.value = location.hash.slice(1);
});

/** The parts of the path, `/proposals/ab12…` being `['proposals', 'ab12…']`. */
export const route = computed(() => fragment.value.split('/').filter((part) => part !== ''));

export function go(path: string): void {
  location.hash = path;
}

/**
 * An invitation in the address (`#invitation=…`), which is taken out of it at once: addresses are kept, shown
 * and copied.
 */
export function takeInvitation(): string | null {
  const given = /^invitation=([A-Za-z0-9_-]+)$/.exec(fragment.value)?.[1] ?? null;
  if (given !== null) {
    history.replaceState(null, '', '/');
    fragment.value = '';
  }
  return given;
}
