import type { Hex } from '../../src/core/bytes.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { versionBase } from '../../src/core/state/checks/version.ts';
import { policyInForce } from '../../src/core/state/policies.ts';
import type { StatementOf } from '../../src/core/statement/statement.ts';
import type { Replica } from '../log/replica.ts';
import { type PrincipalSession, proposeAsPrincipal, proposerOf } from '../principal/principal.ts';
import { groundOf, statementHeader } from '../statements/header.ts';
import { sameOpen } from '../statements/same-open.ts';
import { versionNamed } from '../statements/version-named.ts';

/**
 * Proposes that a quarantined version be published. The depositor's owner and the proposer's have no vote
 * on it. A publication that this machine has proposed and that waits is that one: nothing is proposed. One that waits
 * and that another has proposed is named in `other`; its proposer has no vote on it and can withdraw it. `evaluation`
 * is the digest of the evaluation release that is cited, null where policy asks for none. Throws `version_unknown` and
 * the vault's codes.
 */
export async function proposePublication(
  session: PrincipalSession,
  replica: Replica,
  publication: { readonly model: string; readonly version: string; readonly evaluation: Hex | null },
  { now, random }: { readonly now: () => number; readonly random: RandomBytes },
): Promise<{ readonly digest: Hex; readonly index: number; readonly already: boolean; readonly other: Hex | null }> {
  const { facts } = replica;
  const { manifest, commitments } = versionNamed(facts, publication);
  const named = { ...publication, manifest, commitments };
  const statement: StatementOf<'publish'> = {
    ...statementHeader(groundOf(replica.state), {
      base: versionBase(facts.vault, named),
      nowMs: now(),
      lifetimeMs: policyInForce(facts).document.limits.proposalMs,
      random,
    }),
    proposer: proposerOf(session),
    kind: 'publish',
    ...named,
  };
  const { own, other } = sameOpen(facts, statement, now());
  const waiting = { other: other?.digest ?? null };
  if (own !== null) return { digest: own.digest, index: own.index, already: true, ...waiting };
  return { ...(await proposeAsPrincipal(session, statement)), already: false, ...waiting };
}
