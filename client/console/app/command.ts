import { CLONE, programCommand } from '../../../src/platform/program-command.ts';
import { config } from './vault.ts';

/** What a person types on this machine: `words` are a command, flags and files. */
export function commandHere(words: readonly string[]): string {
  return programCommand(config.value?.clone ?? CLONE, 'twinlock', words);
}

/** The same, with what it takes to reach this vault; `clone` is of the machine where it is typed. */
export function reachingCommand(words: readonly string[], clone: string = config.value?.clone ?? CLONE): string {
  const { vault, ca } = config.value ?? { vault: 'https://HOST:PORT', ca: null };
  const reaching = ['--vault', vault, ...(ca === null ? [] : ['--ca', ca])];
  return programCommand(clone, 'twinlock', [...words, ...reaching]);
}
