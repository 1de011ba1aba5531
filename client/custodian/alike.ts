import { Map as PersistentMap } from 'immutable';
import type { Hex } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { requireDistinctKeyName, withOwner } from '../../src/core/state/checks/names.ts';
import { isPending } from '../../src/core/state/lifecycle.ts';
import { standingOf } from '../../src/core/state/standing.ts';
import type { Facts, Proposal } from '../../src/core/state/state.ts';
import type { PrincipalRecord } from '../../src/core/statement/statement.ts';

/** Another waiting enrolment, and why the two cannot both take effect. */
export interface Alike {
  readonly digest: Hex;
  readonly message: string;
}

/**
 * Finds open enrolments whose machine or owner has a name that looks like one of this enrolment. The fold refuses a name
 * that looks like a known one at the proposal. Where two such enrolments wait, it refuses the second only after the first
 * has taken effect, so until then the approvers of one must see the other.
 */
export function alikeEnrolments(facts: Facts, { digest, statement }: Proposal, nowMs: number): readonly Alike[] {
  if (statement.kind !== 'principal') return [];
  return facts.proposals
    .valueSeq()
    .toArray()
    .flatMap((other) => {
      if (other.digest === digest || other.statement.kind !== 'principal') return [];
      if (!isPending(standingOf(facts, other, nowMs))) return [];
      return conflicts(other.statement.principal, statement.principal).map((message) => ({
        digest: other.digest,
        message,
      }));
    });
}

function conflicts(other: PrincipalRecord, principal: PrincipalRecord): readonly string[] {
  const checks = [
    () => void withOwner(PersistentMap([[other.owner, other.ownerName]]), principal),
    () => requireDistinctKeyName([other], principal),
  ];
  return checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (error) {
      if (!(error instanceof TwinlockError)) throw error;
      return [error.message];
    }
  });
}
