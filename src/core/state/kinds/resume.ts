import type { Hex } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { type StatementOf, statementDigest } from '../../statement/statement.ts';
import { MAX_RESUMPTIONS } from '../bounds.ts';
import type { Facts, Vote } from '../state.ts';
import type { Effect } from './kind.ts';

/** Takes the stops of everything back, the one named and those before it: one stops, only a quorum starts again. */
export const resumeEffect: Effect<StatementOf<'resume'>> = {
  base: (_facts, { stop }) => stop,
  barred: () => [],
  propose(facts, { stop }) {
    requireSameStop(facts, stop);
    return { facts, claims: [] };
  },
  overtaken({ stopped }, { stop }) {
    if (stopped === null) return 'resumed';
    return stopped.at(-1)?.digest === stop ? null : 'stopped_again';
  },
  approve: () => undefined,
  execute(facts, statement, last) {
    requireSameStop(facts, statement.stop);
    const digest = statementDigest(statement);
    const { resumptions } = facts;
    // Those who take part have seen the stops: a stop that they signed before stops nothing any more.
    const heard = takingPart(facts, statement, digest, last).reduce(
      (known, person) => known.set(person, resumptions.at(-1) as Hex),
      facts.heard,
    );
    return {
      ...facts,
      stopped: null,
      resumptions: [...resumptions, digest].slice(-MAX_RESUMPTIONS),
      heard,
    };
  },
};

function requireSameStop({ stopped }: Facts, stop: string): void {
  must(stopped !== null, 'vault_not_stopped', 'the vault is not stopped');
  const inForce = stopped.at(-1)?.digest;
  must(inForce === stop, 'stop_unknown', `expected the last stop in force, ${inForce}, got ${stop}`);
}

/** The proposer and every custodian who approved. */
function takingPart(
  { proposals }: Facts,
  { proposer }: StatementOf<'resume'>,
  digest: Hex,
  last: Vote,
): readonly Hex[] {
  const votes = [...(proposals.get(digest)?.votes ?? []), last];
  return [proposer.person, ...votes.filter(({ decision }) => decision === 'approve').map(({ person }) => person)];
}
