import { computed, signal } from '@preact/signals';

/** The fragment of the address, without its number sign; browsers send it to no server. */
const fragment = signal(location.hash.slice(1));
addEventListener('hashchange', () => {
  fragment.value = location.hash.slice(1);
});

export interface Given {
  readonly kind: 'key' | 'open' | 'invitation';
  readonly value: string;
}

/** The parts of the path, `/proposals/ab12…` being `['proposals', 'ab12…']`. */
export const route = computed(() => fragment.value.split('/').filter((part) => part !== ''));

export function go(path: string): void {
  location.hash = path;
}

/**
 * The console's key in the address (`#key=…`), one that opens the console once (`#open=…`), or an invitation
 * (`#invitation=…`). It is taken out of the address at once: addresses are kept, shown and copied.
 */
export function takeGiven(): Given | null {
  const [, kind, value = ''] = /^(key|open|invitation)=([A-Za-z0-9_-]+)$/.exec(location.hash.slice(1)) ?? [];
  if (kind !== 'key' && kind !== 'open' && kind !== 'invitation') return null;
  history.replaceState(null, '', '/');
  fragment.value = '';
  return { kind, value };
}
