import { shellWord } from '../../../src/platform/shell-word.ts';
import { config } from './vault.ts';

/** What a person types in a clone to reach this vault, as README says it: `words` are flags and files. */
export function twinlockCommand(name: string, words: readonly string[]): string {
  const { vault, ca } = config.value ?? { vault: 'https://HOST:PORT', ca: null };
  const reaching = ['--vault', vault, ...(ca === null ? [] : ['--ca', ca])];
  return ['npx', 'twinlock', name, ...words, ...reaching].map(shellWord).join(' ');
}
