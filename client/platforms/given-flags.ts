import { must } from '../../src/core/errors.ts';
import type { GivenFlags, SourceFlag } from './source.ts';

/** The value of a flag. Throws `usage` where it was not given. */
export function requireFlag(given: GivenFlags, flag: SourceFlag, wanted: string): string {
  const value = given(flag);
  must(value !== undefined, 'usage', `give ${wanted}`);
  return value;
}

/** A command's words. No quotes and no variables: a command that needs them is a script. */
export function wordsOf(command: string): readonly string[] {
  return command.split(' ').filter((word) => word !== '');
}
