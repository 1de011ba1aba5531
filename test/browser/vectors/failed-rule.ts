import { h, render } from 'preact';
import { ProposalReview } from '../../../client/console/app/proposals/proposal.tsx';
import type { Custodian } from '../../../client/custodian/ceremony.ts';
import { review } from '../../../client/custodian/review.ts';
import { replay } from '../../../client/replay.ts';
import type { Replica } from '../../../client/replica.ts';
import type { ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import type { Hex } from '../../../src/core/bytes.ts';
import type { Facts } from '../../../src/core/state/state.ts';
import { verifyWeb } from '../../../src/platform/verify-web.ts';
import { type CarriedLog, objectsOf } from './core-run.ts';

/** What is shown, and to whom. */
export interface Showing {
  readonly digest: Hex;
  readonly person: Hex;
  readonly nowMs: number;
  /** In place of policy's. */
  readonly referenceValues: ReferenceValues | null;
}

/**
 * Shows a release to somebody whose reference values may not allow the hosts: the fold lets no such proposal into
 * a log, so the values are exchanged after the replay. Returns the milliseconds that the review took.
 */
export async function showProposal(log: CarriedLog, showing: Showing): Promise<number> {
  const { digest, person, nowMs, referenceValues } = showing;
  const objects = objectsOf(log);
  const { state } = await replay(null, log.entries, objects, verifyWeb, () => undefined);
  const facts = referenceValues === null ? state.facts : expecting(state.facts, referenceValues);
  const some = async (digests: readonly Hex[]) => new Map([...objects].filter(([name]) => digests.includes(name)));
  const replica = { facts, objects: some } as Partial<Replica> as Replica;
  const custodian = { person, now: () => nowMs, verify: verifyWeb } as Partial<Custodian> as Custodian;
  const start = performance.now();
  const reviewed = await review(custodian, replica, digest);
  const taken = performance.now() - start;
  const root = document.getElementById('app');
  if (root !== null) {
    render(null, root);
    render(h(ProposalReview, { review: reviewed, facts }), root);
  }
  return taken;
}

function expecting(facts: Facts, referenceValues: ReferenceValues): Facts {
  const { policy } = facts;
  return { ...facts, policy: { ...policy, document: { ...policy.document, referenceValues } } };
}
