import { h, render } from 'preact';
import { ProposalReview } from '../../../client/console/app/proposals/proposal.tsx';
import type { Custodian } from '../../../client/custodian/ceremony.ts';
import { review } from '../../../client/custodian/review.ts';
import { replay } from '../../../client/replay.ts';
import type { Replica } from '../../../client/replica.ts';
import { NO_REFERENCE_VALUES } from '../../../src/core/attest/reference-values.ts';
import type { Hex } from '../../../src/core/bytes.ts';
import type { Facts } from '../../../src/core/state/state.ts';
import { verifyWeb } from '../../../src/platform/verify-web.ts';
import { type CarriedLog, objectsOf } from './core-run.ts';

/**
 * Shows a release to somebody whose reference values do not allow the host's image: the fold lets no such
 * proposal into a log, so the values are exchanged after the replay.
 */
export async function showProposal(
  log: CarriedLog,
  { digest, person, nowMs, measurements }: { digest: Hex; person: Hex; nowMs: number; measurements: string[] | null },
): Promise<void> {
  const objects = objectsOf(log);
  const { state } = await replay(null, log.entries, objects, verifyWeb, () => undefined);
  const facts = measurements === null ? state.facts : expecting(state.facts, measurements);
  const some = async (digests: readonly Hex[]) => new Map([...objects].filter(([name]) => digests.includes(name)));
  const replica = { facts, objects: some } as Partial<Replica> as Replica;
  const custodian = { person, now: () => nowMs, verify: verifyWeb } as Partial<Custodian> as Custodian;
  const reviewed = await review(custodian, replica, digest);
  const root = document.getElementById('app');
  if (root !== null) render(h(ProposalReview, { review: reviewed, facts }), root);
}

function expecting(facts: Facts, measurements: string[]): Facts {
  const { policy } = facts;
  const referenceValues = { ...NO_REFERENCE_VALUES, simulated: { platform: 'simulated' as const, measurements } };
  return { ...facts, policy: { ...policy, document: { ...policy.document, referenceValues } } };
}
