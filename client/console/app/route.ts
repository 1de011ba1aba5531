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
 * An invitation in the address (`#invitation=…`), or a key that opens the one that the console holds (`#open=…`). It is
 * taken out of the address at once: addresses are kept, shown and copied.
 */
export function takeInvitation(): { readonly kind: 'invitation' | 'open'; readonly value: string } | null {
  const [, kind, value = ''] = /^(invitation|open)=([A-Za-z0-9_-]+)$/.exec(fragment.value) ?? [];
  if (kind !== 'invitation' && kind !== 'open') return null;
  history.replaceState(null, '', '/');
  fragment.value = '';
  return { kind, value };
}
