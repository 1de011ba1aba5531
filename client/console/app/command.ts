import { CLONE, programCommand } from '../../../src/platform/program-command.ts';
import { config } from './vault.ts';

/** The command line to type on this machine: `words` are a command, flags and files. */
export function commandHere(words: readonly string[]): string {
  return programCommand(config.value?.clone ?? CLONE, 'twinlock', words);
}

/** The same, with the flags to reach this vault. */
export function reachingCommand(words: readonly string[]): string {
  return commandHere([...words, ...reaching(config.value?.ca ?? null)]);
}

/** The file name of a copy of the vault's certificates, in commands for another machine. */
export const COPIED_CA = 'vault-ca.crt';

/** As `reachingCommand`, for another machine, which has neither this clone nor the files of this machine. */
export function commandElsewhere(words: readonly string[]): string {
  const ca = config.value?.ca ?? null;
  return programCommand(CLONE, 'twinlock', [...words, ...reaching(ca === null ? null : COPIED_CA)]);
}

function reaching(ca: string | null): readonly string[] {
  return ['--vault', config.value?.vault ?? 'https://HOST:PORT', ...(ca === null ? [] : ['--ca', ca])];
}
