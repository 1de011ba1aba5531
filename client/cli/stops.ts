import { stopText } from '../../src/core/state/running.ts';
import type { Facts } from '../../src/core/state/state.ts';
import type { Terminal } from './terminal.ts';

/** While the vault is stopped, prints who stopped it, when and why, and `meaning`: the effect on this command. */
export function tellOfStops(terminal: Terminal, { stopped }: Pick<Facts, 'stopped'>, meaning: string): void {
  if (stopped === null) return;
  for (const stop of stopped) terminal.note(`STOPPED      by ${stopText(stop)}`);
  terminal.note(`stopped      ${meaning}, until a quorum resumes the vault`);
}
