import { must } from '../../errors.ts';
import type { StatementOf } from '../../statement/statement.ts';
import type { Facts } from '../state.ts';
import type { Effect } from './effect.ts';

/** Takes a stop of everything back: one stops, but only a quorum starts again. */
export const resumeEffect: Effect<StatementOf<'resume'>> = {
  base: (_facts, { stop }) => stop,
  barred: () => [],
  propose(facts, { stop }) {
    isTheStop(facts, stop);
    return { facts, claims: [] };
  },
  approve: () => undefined,
  execute(facts, { stop }, entries) {
    isTheStop(facts, stop);
    return { ...facts, stopped: null, constitution: [...facts.constitution, ...entries] };
  },
};

function isTheStop({ stopped }: Facts, stop: string): void {
  must(stopped !== null, 'vault_not_stopped', 'the vault is not stopped');
  must(stopped === stop, 'stop_unknown', `expected the stop in force, ${stopped}, got ${stop}`);
}
