import type { Base64url, Hex } from '../../bytes.ts';
import type { EntryOf } from '../../log/entry.ts';
import type { Judgement, Surroundings } from '../judgement.ts';
import type { Overtaking } from '../overtaking.ts';
import type { Facts, Proposable, Vote } from '../state.ts';

/** Where in the log a statement is proposed, and when. */
export type ProposedAt = Pick<EntryOf<'proposal'>, 'index' | 'time'>;

/** What a kind of statement means for the facts, beyond the rules that all kinds share. */
export interface Effect<S extends Proposable = Proposable> {
  /** Digest of what the statement would change, as it is now, hex; zeros where it would make something new. */
  base(facts: Facts, statement: S): Hex;
  /** Persons who have no vote on it: who asked, and whom it is about. */
  barred(facts: Facts, statement: S): readonly Hex[];
  /** What must hold when it is proposed, and what is remembered of it. Throws the code of the broken rule. */
  propose(facts: Facts, statement: S, at: ProposedAt, surroundings: Surroundings): Judgement;
  /**
   * What has changed since it was proposed so that it cannot take effect; null where nothing has. Never throws for a
   * statement that has been proposed, and does not look at policy and epoch, which all kinds share.
   */
  overtaken(facts: Facts, statement: S): Overtaking | null;
  /** What must hold of the custodian who approves it with this credential. */
  approve(facts: Facts, statement: S, credential: Base64url): void;
  /** The facts once its quorum is there, `last` the vote that completed it. */
  execute(facts: Facts, statement: S, last: Vote): Facts;
}
