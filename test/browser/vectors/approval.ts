import { Fragment, h, render } from 'preact';
import { SimulationBanner } from '../../../client/console/app/app.tsx';
import { Header } from '../../../client/console/app/header.tsx';
import { ProposalReview } from '../../../client/console/app/proposals/proposal.tsx';
import * as console from '../../../client/console/app/vault.ts';
import type { Custodian } from '../../../client/custodian/ceremony.ts';
import { review } from '../../../client/custodian/review.ts';
import type { Replica } from '../../../client/log/replica.ts';
import type { Hex } from '../../../src/core/bytes.ts';
import { verifyWeb } from '../../../src/platform/verify-web.ts';
import { type CarriedLog, factsOf, objectsOf } from './core-run.ts';

/** A proposal as a custodian of that name judges it at that time, with all that stands around it. */
export async function showApproval(log: CarriedLog, name: string, digest: Hex, nowMs: number): Promise<void> {
  const objects = objectsOf(log);
  const facts = await factsOf(log);
  const member = facts.committee.members.find((candidate) => candidate.name === name);
  if (member === undefined) throw new Error(`the vault has no custodian ${name}`);
  const some = async (digests: readonly Hex[]) => new Map([...objects].filter(([named]) => digests.includes(named)));
  const replica = { facts, objects: some } as Partial<Replica> as Replica;
  const { person } = member;
  const self = { person, name, now: () => nowMs, verify: verifyWeb } as Partial<Custodian> as Custodian;
  console.custodian.value = self;
  console.facts.value = facts;
  console.now.value = nowMs;
  location.hash = `#/proposals/${digest}`;
  document.body.dataset['grade'] = facts.genesis.grade;
  const reviewed = await review(self, replica, digest);
  const root = document.getElementById('app');
  if (root === null) throw new Error('the page has no #app');
  render(null, root);
  const page = h('div', { class: 'page' }, h(Header, {}), h(ProposalReview, { review: reviewed, facts }));
  render(h(Fragment, {}, h(SimulationBanner, {}), page), root);
}
