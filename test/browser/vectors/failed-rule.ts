import { h, render } from 'preact';
import { Header } from '../../../client/console/app/header.tsx';
import { ProposalReview } from '../../../client/console/app/proposals/proposal.tsx';
import * as console from '../../../client/console/app/vault.ts';
import type { Custodian } from '../../../client/custodian/ceremony.ts';
import { review } from '../../../client/custodian/review.ts';
import type { Replica } from '../../../client/log/replica.ts';
import type { ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import type { Hex } from '../../../src/core/bytes.ts';
import type { Facts } from '../../../src/core/state/state.ts';
import { verifyWeb } from '../../../src/platform/verify-web.ts';
import { type CarriedLog, factsOf, objectsOf } from './core-run.ts';

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
  const followed = await factsOf(log);
  const facts = referenceValues === null ? followed : expecting(followed, referenceValues);
  const some = async (digests: readonly Hex[]) => new Map([...objects].filter(([name]) => digests.includes(name)));
  return showReview(facts, some, digest, { person, now: () => nowMs, verify: verifyWeb });
}

async function showReview(
  facts: Facts,
  objects: Replica['objects'],
  digest: Hex,
  custodian: Pick<Custodian, 'person' | 'now' | 'verify'>,
): Promise<number> {
  const replica = { facts, objects } as Partial<Replica> as Replica;
  const start = performance.now();
  const reviewed = await review(custodian as Partial<Custodian> as Custodian, replica, digest);
  const taken = performance.now() - start;
  console.now.value = custodian.now();
  const root = document.getElementById('app');
  if (root !== null) {
    render(null, root);
    render(h('div', { class: 'page' }, h(Header, {}), h(ProposalReview, { review: reviewed, facts })), root);
  }
  return taken;
}

/**
 * Shows the setting back of the log's clock as it is proposed: in place of the proposal `digest`, since the fold takes one
 * only while the log's clock is ahead.
 */
export async function showClock(log: CarriedLog, digest: Hex, person: Hex): Promise<void> {
  const followed = await factsOf(log);
  const given = followed.proposals.get(digest);
  if (given === undefined || given.statement.kind !== 'resume') throw new Error('expected a resumption');
  const { stop: _, ...fields } = given.statement;
  const proposal = { ...given, statement: { ...fields, kind: 'clock' as const } };
  const facts = { ...followed, proposals: followed.proposals.set(digest, proposal) };
  await showReview(facts, async () => new Map(), digest, { person, now: Date.now, verify: verifyWeb });
}

function expecting(facts: Facts, referenceValues: ReferenceValues): Facts {
  const { policy } = facts;
  return { ...facts, policy: { ...policy, document: { ...policy.document, referenceValues } } };
}
