import type { Base64url, Hex } from '../../bytes.ts';
import type { EntryOf } from '../../log/entry.ts';
import type { Judgement, Surroundings } from '../judgement.ts';
import type { Overtaking } from '../overtaking.ts';
import type { Facts, Proposable, Vote } from '../state.ts';

/** The place in the log at which a statement is proposed, and the time. */
export type ProposedAt = Pick<EntryOf<'proposal'>, 'index' | 'time'>;

/** The rules and effects of a kind of statement, beyond the rules that all kinds share. */
export interface Effect<S extends Proposable = Proposable> {
  /** Digest of what the statement would change, as it is now, hex; zeros where it would make something new. */
  base(facts: Facts, statement: S): Hex;
  /** Persons who have no vote on it: who asked, and whom it is about. */
  barred(facts: Facts, statement: S): readonly Hex[];
  /** Checks a proposal, and returns the facts that remember it. Throws the code of the broken rule. */
  propose(facts: Facts, statement: S, at: ProposedAt, surroundings: Surroundings): Judgement;
  /**
   * What has changed since it was proposed so that it cannot take effect; null where nothing has. Never throws for a
   * statement that has been proposed, and does not look at policy and epoch, which all kinds share.
   */
  overtaken(facts: Facts, statement: S): Overtaking | null;
  /** Checks the custodian who approves it with this credential. Throws the code of the broken rule. */
  approve(facts: Facts, statement: S, credential: Base64url): void;
  /** The facts once its quorum is there, `last` the vote that completed it. */
  execute(facts: Facts, statement: S, last: Vote): Facts;
}
