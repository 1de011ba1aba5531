import { digestOf } from '../../../../src/core/canonical.ts';
import type { EntryDraft } from '../../../../src/core/log/entry.ts';
import { HOUR_MS, POLICY } from '../../../world/founding.ts';
import { deposited, published, publishedWith, released, type Stage } from '../stages.ts';
import { type BrokenRule, OTHER, rulesAt } from './broken.ts';

const release = rulesAt('state/entries/release.ts');
const lifecycle = rulesAt('state/lifecycle.ts');
const effect = rulesAt('state/kinds/release.ts');
const receipt = rulesAt('state/entries/receipt.ts');
const expiry = rulesAt('state/entries/expiry.ts');
const signatures = rulesAt('state/checks/signatures.ts');
const ZEROS = '00'.repeat(32);

const toRelease = (proposal: string): EntryDraft => ({ kind: 'release', body: { proposal } });
const toExpire = (proposal: string): EntryDraft => ({ kind: 'expiry', body: { proposal } });

async function proposed(stage: () => ReturnType<typeof published> = published) {
  const staged = await stage();
  return { ...staged, proposal: await staged.world.propose((await staged.world.ask(staged.deposit)).statement) };
}

/** A release that ben and cleo have approved. */
async function approved(): Promise<Stage & { readonly proposal: string; readonly deposit: { manifest: string } }> {
  const stage = await proposed();
  await stage.world.approve(stage.proposal, stage.ben, stage.cleo);
  return stage;
}

const twoGroups = publishedWith({ policy: { groups: ['security', 'research'] } });
const oneADay = publishedWith({
  policy: {
    limits: { ...POLICY.limits, proposalMs: 48 * HOUR_MS, bytesPerRelease: '1000000', bytesPerDay: '1999999' },
  },
});

export const RELEASE: readonly BrokenRule[] = [
  lifecycle('proposal_unknown', 'a release of what was not proposed', async () => {
    const { world } = await published();
    return [world, toRelease(OTHER)];
  }),
  release('not_permitted', 'a release of a proposal that is no release', async () => {
    const { world, deposit } = await deposited();
    return [world, toRelease(await world.propose(world.publication(deposit)))];
  }),
  release('quorum_missing', 'a release without any approval (lesson: zero approvals pass)', async () => {
    const { world, proposal } = await proposed();
    return [world, toRelease(proposal)];
  }),
  release('quorum_missing', 'a release with one approval', async () => {
    const { world, proposal, ben } = await proposed();
    await world.approve(proposal, ben);
    return [world, toRelease(proposal)];
  }),
  release('quorum_missing', 'a release with an approval and a denial', async () => {
    const { world, proposal, ben, cleo } = await proposed();
    await world.approve(proposal, ben);
    await world.deny(proposal, cleo);
    return [world, toRelease(proposal)];
  }),
  release('quorum_missing', 'a release without a member of a group that policy asks for', async () => {
    const { world, proposal, ben, dan } = await proposed(twoGroups);
    await world.approve(proposal, ben, dan);
    return [world, toRelease(proposal)];
  }),
  signatures('principal_retired', 'a release to a key that has been retired since', async () => {
    const { world, proposal, ana } = await approved();
    await world.retire(world.founding.requester, ana);
    return [world, toRelease(proposal)];
  }),
  release('quorum_missing', 'a release whose approver’s authenticator has been retired since', async () => {
    const { world, proposal, ben } = await approved();
    const target = digestOf(ben.authenticators[0].credential);
    await world.append(await world.draftStop(world.stop('authenticator', target, ben)));
    return [world, toRelease(proposal)];
  }),
  lifecycle('proposal_closed', 'a second release of one proposal', async () => {
    const { world, release: proposal } = await released();
    return [world, toRelease(proposal)];
  }),
  lifecycle('proposal_closed', 'a release that has been revoked', async () => {
    const { world, proposal, dan } = await approved();
    await world.append(await world.draftStop(world.stop('release', proposal, dan)));
    return [world, toRelease(proposal)];
  }),
  lifecycle('proposal_closed', 'a release that its requester has withdrawn', async () => {
    const { world, proposal } = await approved();
    await world.append(await world.draftStop(world.stop('proposal', proposal, world.founding.requester)));
    return [world, toRelease(proposal)];
  }),
  rulesAt('state/entries/proposal.ts')('statement_expired', 'a release after its proposal has expired', async () => {
    const { world, proposal } = await approved();
    world.now += HOUR_MS;
    return [world, toRelease(proposal)];
  }),
  rulesAt('state/running.ts')('vault_stopped', 'a release while the vault is stopped', async () => {
    const { world, proposal, dan } = await approved();
    await world.append(await world.draftStop(world.stop('all', ZEROS, dan)));
    return [world, toRelease(proposal)];
  }),
  effect('version_withdrawn', 'a release of a version withdrawn since it was approved', async () => {
    const { world, proposal, deposit, dan } = await approved();
    await world.append(await world.draftStop(world.stop('version', deposit.manifest, dan)));
    return [world, toRelease(proposal)];
  }),
  release('budget_exceeded', 'more bytes in a day than policy allows', async () => {
    const { world, deposit, ben, cleo } = await oneADay();
    await world.release(await world.ask(deposit), ben, cleo);
    const proposal = await world.propose((await world.ask(deposit)).statement);
    await world.approve(proposal, ben, cleo);
    return [world, toRelease(proposal)];
  }),
  release('budget_exceeded', 'more bytes in a day, once the vault has dated another release a day ahead', async () => {
    const { world, deposit, ben, cleo } = await oneADay();
    const later = { bytes: '1', expires: world.now + 48 * HOUR_MS };
    const small = await world.propose((await world.ask(deposit, { statement: later })).statement);
    await world.approve(small, ben, cleo);
    await world.release(await world.ask(deposit), ben, cleo);
    const { now } = world;
    await world.append(toRelease(small), { time: now + 30 * HOUR_MS });
    world.now = now;
    const proposal = await world.propose((await world.ask(deposit)).statement);
    await world.approve(proposal, ben, cleo);
    return [world, toRelease(proposal)];
  }),
];

const HOST: readonly BrokenRule[] = [
  receipt('proposal_unknown', 'a receipt for what was not proposed', async () => {
    const { world, asked } = await released();
    return [world, world.draftHostReceipt(asked, { release: OTHER })];
  }),
  receipt('proposal_unknown', 'a receipt for what was never released', async () => {
    const { world, deposit } = await published();
    const asked = await world.ask(deposit);
    await world.propose(asked.statement);
    return [world, world.draftHostReceipt(asked)];
  }),
  receipt('proposal_unknown', 'a receipt of a host for a publication', async () => {
    const { world, asked } = await released();
    const publication = world.facts.proposals.find(({ statement }) => statement.kind === 'publish');
    return [world, world.draftHostReceipt(asked, { release: publication?.digest ?? '' })];
  }),
  receipt('proposal_unknown', 'a receipt of a host that the release does not name', async () => {
    const { world, asked } = await released();
    return [world, world.draftHostReceipt(asked, { host: 1 })];
  }),
  receipt('statement_seen', 'a second receipt of one host', async () => {
    const { world, asked } = await released();
    await world.append(world.draftHostReceipt(asked));
    return [world, world.draftHostReceipt(asked)];
  }),
  receipt('key_check_failed', 'a receipt for another key', async () => {
    const { world, asked } = await released();
    return [world, world.draftHostReceipt(asked, { keyCheck: OTHER })];
  }),
  receipt('budget_exceeded', 'a receipt for more bytes than were released', async () => {
    const { world, asked } = await released();
    return [world, world.draftHostReceipt(asked, { bytes: '1000001' })];
  }),
  receipt('proposal_closed', 'a receipt after the lease', async () => {
    const { world, asked, release: proposal } = await released();
    world.now += 2 * HOUR_MS;
    await world.append(toExpire(proposal));
    return [world, world.draftHostReceipt(asked)];
  }),
  rulesAt('platform/verify-node.ts')('signature_invalid', 'a receipt that the host has not signed', async () => {
    const { world, asked } = await released();
    const draft = world.draftHostReceipt(asked);
    if (draft.body.type !== 'host') throw new Error('a host’s receipt was drafted');
    return [world, { ...draft, body: { ...draft.body, evaluation: OTHER } }];
  }),
];

const CUSTODY: readonly BrokenRule[] = [
  receipt('version_unknown', 'custody of what was not deposited', async () => {
    const { world, deposit, ana } = await deposited();
    return [world, world.draftCustody(deposit, ana, ana.authenticators[0], { manifest: OTHER })];
  }),
  receipt('envelopes_mismatch', 'custody of an envelope of another authenticator', async () => {
    const { world, deposit, ana } = await deposited();
    const envelope = deposit.envelopes[1]?.name.digest ?? '';
    return [world, world.draftCustody(deposit, ana, ana.authenticators[0], { envelope })];
  }),
  receipt('envelopes_mismatch', 'custody of an envelope that is not of the version', async () => {
    const { world, deposit, ana } = await deposited();
    return [world, world.draftCustody(deposit, ana, ana.authenticators[0], { envelope: OTHER })];
  }),
  receipt('custody_known', 'custody that has been confirmed before', async () => {
    const { world, deposit, ana } = await published();
    return [world, world.draftCustody(deposit, ana)];
  }),
  signatures('credential_unknown', 'custody with the credential of another', async () => {
    const { world, deposit, ana, ben } = await deposited();
    return [world, world.draftCustody(deposit, ana, ben.authenticators[0])];
  }),
  signatures('credential_retired', 'custody by an authenticator that has been retired', async () => {
    const { world, deposit, ana } = await deposited();
    const target = digestOf(ana.authenticators[0].credential);
    await world.append(await world.draftStop(world.stop('authenticator', target, ana)));
    return [world, world.draftCustody(deposit, ana)];
  }),
  rulesAt('platform/verify-node.ts')('signature_invalid', 'custody signed by another custodian', async () => {
    const { world, deposit, ana, ben } = await deposited();
    const draft = world.draftCustody(deposit, ana);
    const { signature } = world.draftCustody(deposit, ben).body;
    return [world, { ...draft, body: { ...draft.body, signature } }];
  }),
];

export const RECEIPT: readonly BrokenRule[] = [...HOST, ...CUSTODY];

export const EXPIRY: readonly BrokenRule[] = [
  lifecycle('proposal_unknown', 'the expiry of what was not proposed', async () => {
    const { world } = await published();
    return [world, toExpire(OTHER)];
  }),
  expiry('not_permitted', 'the expiry of a proposal before its time', async () => {
    const { world, proposal } = await proposed();
    const expires = world.facts.proposals.get(proposal)?.statement.expires ?? 0;
    return [world, toExpire(proposal), { time: expires }];
  }),
  expiry('not_permitted', 'the expiry of a lease before its time', async () => {
    const { world, release: proposal } = await released();
    return [world, toExpire(proposal), { time: (world.facts.proposals.get(proposal)?.executed?.time ?? 0) + HOUR_MS }];
  }),
  lifecycle('proposal_closed', 'the expiry of what has been denied', async () => {
    const { world, proposal, ben, cleo } = await proposed();
    await world.deny(proposal, ben, cleo);
    world.now += HOUR_MS;
    return [world, toExpire(proposal)];
  }),
  lifecycle('proposal_closed', 'a second expiry of one lease', async () => {
    const { world, release: proposal } = await released();
    world.now += 2 * HOUR_MS;
    await world.append(toExpire(proposal));
    return [world, toExpire(proposal)];
  }),
  lifecycle('proposal_closed', 'the expiry of a publication that took effect', async () => {
    const { world } = await published();
    const publication = world.facts.proposals.find(({ statement }) => statement.kind === 'publish');
    world.now += 2 * HOUR_MS;
    return [world, toExpire(publication?.digest ?? '')];
  }),
];
