import { type Hex, toHex } from '../../src/core/bytes.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import type { Grade } from '../../src/core/schema.ts';
import { committeeInForce } from '../../src/core/state/committees.ts';
import { policyInForce } from '../../src/core/state/policies.ts';
import type { State } from '../../src/core/state/state.ts';
import type { StatusView } from '../api/api.ts';

/** The fields of the vault and its log that every statement names. */
export interface Ground {
  readonly vault: Hex;
  readonly grade: Grade;
  readonly committee: Hex;
  readonly epoch: number;
  /** Digest of the policy. */
  readonly policy: Hex;
  /** Entries of the log that the proposer knows: the vault refuses what is far behind. */
  readonly logSize: number;
}

export function groundOf({ facts, chain }: State): Ground {
  const { vault, genesis } = facts;
  const { id, epoch } = committeeInForce(facts);
  const policy = policyInForce(facts).digest;
  return { vault, grade: genesis.grade, committee: id, epoch, policy, logSize: chain.frontier.size };
}

/** For a requester, who does not replay the log: custodians compare it with theirs before they approve. */
export function groundOfStatus(fingerprint: Hex, { grade, committee, policy, entries }: StatusView): Ground {
  return { vault: fingerprint, grade, committee: committee.id, epoch: committee.epoch, policy, logSize: entries };
}

/** The header that all kinds of statements share, `proposer` and `kind` aside. */
export function statementHeader(
  ground: Ground,
  { base, nowMs, lifetimeMs, random }: { base: Hex; nowMs: number; lifetimeMs: number; random: RandomBytes },
) {
  const nonce = toHex(random(32));
  return { v: 1 as const, ...ground, base, nonce, created: nowMs, expires: nowMs + lifetimeMs };
}
