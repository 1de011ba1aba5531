import type { Standing } from '../../src/core/state/lifecycle.ts';
import { isPolicyInForce } from '../../src/core/state/policies.ts';
import { overtakenBy, standingOf } from '../../src/core/state/standing.ts';
import type { Facts, Proposable, Proposal } from '../../src/core/state/state.ts';
import type { Replica } from '../log/replica.ts';
import { logAheadMs } from './obstacles.ts';
import { policyNamed } from './policy-named.ts';
import type { Proposition } from './propose.ts';

/** Standings of proposals that ended without a decision, and that a custodian may want to propose again. */
const MAY_BE_WANTED: ReadonlySet<Standing> = new Set(['overtaken', 'expired']);

/**
 * The same content, for a custodian to propose on the ground of today. Null where the proposal can still take effect or
 * was decided, where what it asks for is so already or never can be, and for a release, whose hosts ask with new keys.
 * Throws as `Replica.object`.
 */
export async function propositionAgain(
  replica: Replica,
  proposal: Proposal,
  nowMs: number,
): Promise<Proposition | null> {
  const { facts } = replica;
  if (!mayBeAskedAgain(facts, proposal, nowMs)) return null;
  const { statement } = proposal;
  switch (statement.kind) {
    case 'policy':
      return { kind: 'policy', policy: await policyNamed(replica, statement.document), reason: statement.reason };
    case 'publish': {
      const { kind, model, version, evaluation } = statement;
      return { kind, model, version, evaluation };
    }
    case 'principal':
      return { kind: 'principal', principal: statement.principal };
    case 'authenticator':
      return { kind: 'authenticator', credential: statement.credential, reason: statement.reason };
    case 'resume':
    case 'clock':
      return { kind: statement.kind, reason: statement.reason };
    case 'release':
      return null;
  }
}

function mayBeAskedAgain(facts: Facts, proposal: Proposal, nowMs: number): boolean {
  const standing = standingOf(facts, proposal, nowMs);
  return MAY_BE_WANTED.has(standing) && isStillToDo(facts, proposal.statement, nowMs);
}

/** Returns whether the proposal would still change something. */
function isStillToDo(facts: Facts, statement: Proposable, nowMs: number): boolean {
  if (statement.kind === 'resume') return facts.stopped !== null;
  if (statement.kind === 'clock') return logAheadMs(facts, nowMs) > 0;
  if (statement.kind === 'policy' && isPolicyInForce(facts, statement.document)) return false;
  const by = overtakenBy(facts, statement);
  return by === null || by === 'policy' || by === 'committee';
}
