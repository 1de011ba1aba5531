import { shellWord } from './shell-word.ts';

/** Stands for the folder of a clone on a machine where it is not known. `CLONE_TEXT` belongs beside it. */
export const CLONE = 'CLONE';

/** The sentence that explains `CLONE` in a command. */
export const CLONE_TEXT =
  'CLONE is the folder of a clone of twinlock on that machine, after npm ci there. No registry has twinlock: what npx or npm would install by that name is not ours.';

/**
 * What a person types to run one of the programs of the clone at `clone`, from any folder. It names the program's file: a
 * bare name would be looked up in a registry by npx, outside of a clone, and a stranger could have registered it there.
 */
export function programCommand(clone: string, program: 'twinlock' | 'twinlockd', words: readonly string[]): string {
  return ['node', `${clone}/bin/${program}.js`, ...words].map(shellWord).join(' ');
}
