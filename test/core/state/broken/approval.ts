import {
  SoftwareAuthenticator,
  type SoftwareAuthenticatorOptions,
} from '../../../../client/custodian/software-authenticator.ts';
import { toBase64url, utf8 } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import { rosterDigest } from '../../../../src/core/state/roster.ts';
import type { Signable } from '../../../../src/core/webauthn/challenge.ts';
import { HOUR_MS } from '../../../world/founding.ts';
import { makeMachine, OUTSIDER } from '../../../world/people.ts';
import { type ApprovalChanges, asProposer, type World } from '../../../world/world.ts';
import { deposited, founded, published, type Stage } from '../stages.ts';
import { type Attempt, type BrokenRule, MINUTE_MS, OTHER, OTHER_ID, rulesAt } from './broken.ts';

const approval = rulesAt('state/entries/approval.ts');
const lifecycle = rulesAt('state/lifecycle.ts');
const signatures = rulesAt('state/checks/signatures.ts');
const clientData = rulesAt('webauthn/client-data.ts');
const authenticatorData = rulesAt('webauthn/authenticator-data.ts');

/** A release that is open; its requester is owned by ana. */
async function proposed(): Promise<Stage & { readonly proposal: string }> {
  const stage = await published();
  return { ...stage, proposal: await stage.world.propose((await stage.world.ask(stage.deposit)).statement) };
}

type Opened = Awaited<ReturnType<typeof proposed>>;

/** Ben's approval of it, with one thing wrong. */
async function voting(changes: (opened: Opened) => ApprovalChanges | Promise<ApprovalChanges>): Promise<Attempt> {
  const opened = await proposed();
  const { world, ben, proposal } = opened;
  return [world, await world.draftApproval(proposal, ben, await changes(opened))];
}

/** Ben touches for something else. */
const touching = (signable: (opened: Opened) => Signable) => voting((opened) => ({ signable: signable(opened) }));

/** Ben's own credential in an authenticator that answers in a way that must be refused. */
const answering = (options: Partial<SoftwareAuthenticatorOptions>) =>
  voting(({ world, ben }) => {
    const [{ device, credential }] = ben.authenticators;
    const { random } = world;
    const { credentials, rpId } = device;
    return { by: { device: new SoftwareAuthenticator({ rpId, random, credentials, ...options }), credential } };
  });

/** What an approval by ben is over, changed after he touched for it. */
const asTouched = (world: World, proposal: string): Extract<Signable, { label: 'approve' }> => {
  const { origin, size, root } = world.checkpoint();
  const { vault, now: timeMs } = world;
  return {
    label: 'approve',
    vault,
    statement: proposal,
    decision: 'approve',
    origin,
    size,
    root,
    roster: rosterDigest(world.facts),
    timeMs,
    nonce: OTHER,
    reason: null,
  };
};
const changed = (changes: Partial<Extract<Signable, { label: 'approve' }>>) =>
  voting(({ world, proposal }) => ({ nonce: OTHER, signable: { ...asTouched(world, proposal), ...changes } }));

const WHO: readonly BrokenRule[] = [
  approval('proposer_cannot_approve', 'the requester’s owner approving a release (lesson)', async () => {
    const { world, ana, proposal } = await proposed();
    return [world, await world.draftApproval(proposal, ana)];
  }),
  approval('proposer_cannot_approve', 'the depositor’s owner approving publication', async () => {
    const { world, deposit, ana, dan } = await deposited();
    await world.confirm(deposit, dan);
    const proposal = await world.propose(world.publication(deposit, { proposer: asProposer(ana) }));
    return [world, await world.draftApproval(proposal, dan)];
  }),
  approval('proposer_cannot_approve', 'the proposer of a publication approving it', async () => {
    const { world, deposit, ana } = await deposited();
    await world.confirm(deposit, ana);
    const proposal = await world.propose(world.publication(deposit, { proposer: asProposer(ana) }));
    return [world, await world.draftApproval(proposal, ana)];
  }),
  approval('proposer_cannot_approve', 'the owner of a machine approving its enrolment', async () => {
    const { world, ana, ben } = await founded();
    const owned = { role: 'requester', name: 'mine', owner: ben.person, ownerName: ben.name } as const;
    const proposal = await world.propose(world.principal(makeMachine(owned, world.random).record, ana));
    return [world, await world.draftApproval(proposal, ben)];
  }),
  approval('proposer_cannot_approve', 'a denial by who may not decide', async () => {
    const { world, ana, proposal } = await proposed();
    return [world, await world.draftApproval(proposal, ana, { decision: 'deny' })];
  }),
  approval('already_voted', 'the same person approving twice (lesson)', async () => {
    const { world, ben, proposal } = await proposed();
    await world.approve(proposal, ben);
    return [world, await world.draftApproval(proposal, ben)];
  }),
  approval(
    'already_voted',
    'two authenticators of one person counted as two (lesson: one key, two votes)',
    async () => {
      const { world, ana, ben, cleo } = await founded();
      const record = makeMachine({ role: 'auditor', name: 'x', ...OUTSIDER }, world.random).record;
      const proposal = await world.propose(world.principal(record, ben));
      await world.approve(proposal, ana);
      const by = ana.authenticators[1] ?? cleo.authenticators[0];
      return [world, await world.draftApproval(proposal, ana, { by })];
    },
  ),
  approval('already_voted', 'a denial taken back', async () => {
    const { world, ben, proposal } = await proposed();
    await world.deny(proposal, ben);
    return [world, await world.draftApproval(proposal, ben)];
  }),
  signatures('not_a_custodian', 'an approval by a person who is no custodian', () =>
    voting(() => ({ person: OTHER_ID })),
  ),
  signatures('credential_unknown', 'an approval with a credential that is not enrolled', () =>
    voting(() => ({ credential: toBase64url(new Uint8Array(16)) })),
  ),
  signatures('credential_unknown', 'an approval with the credential of another', () =>
    voting(({ cleo }) => ({ by: cleo.authenticators[0] })),
  ),
  signatures('principal_retired', 'an approval of a release to a key that has been retired', async () => {
    const { world, proposal, ana, ben } = await proposed();
    await world.retire(world.founding.requester, ana);
    return [world, await world.draftApproval(proposal, ben)];
  }),
  signatures('credential_retired', 'an approval with a retired credential', async () => {
    const { world, ben, proposal } = await proposed();
    const target = digestOf(ben.authenticators[0].credential);
    await world.append(await world.draftStop(world.stop('authenticator', target, ben)));
    return [world, await world.draftApproval(proposal, ben)];
  }),
];

const WHEN: readonly BrokenRule[] = [
  lifecycle('proposal_unknown', 'an approval of what was not proposed', async () => {
    const { world, ben } = await founded();
    return [world, await world.draftApproval(OTHER, ben)];
  }),
  lifecycle('proposal_closed', 'an approval of what has been denied', async () => {
    const { world, ben, cleo, dan, proposal } = await proposed();
    await world.deny(proposal, ben, cleo);
    return [world, await world.draftApproval(proposal, dan)];
  }),
  lifecycle('proposal_closed', 'an approval of what has been withdrawn', async () => {
    const { world, ana, ben, proposal } = await proposed();
    await world.append(await world.draftStop(world.stop('proposal', proposal, ana)));
    return [world, await world.draftApproval(proposal, ben)];
  }),
  lifecycle('proposal_closed', 'an approval of a release that has been revoked', async () => {
    const { world, cleo, ben, proposal } = await proposed();
    await world.append(await world.draftStop(world.stop('release', proposal, cleo)));
    return [world, await world.draftApproval(proposal, ben)];
  }),
  lifecycle('proposal_closed', 'an approval of what has been released', async () => {
    const { world, ben, cleo, dan, proposal } = await proposed();
    await world.approve(proposal, ben, cleo);
    await world.append({ kind: 'release', body: { proposal } });
    return [world, await world.draftApproval(proposal, dan)];
  }),
  rulesAt('state/entries/proposal.ts')('statement_expired', 'an approval of an expired proposal', async () => {
    const { world, ben, proposal } = await proposed();
    world.now += HOUR_MS;
    return [world, await world.draftApproval(proposal, ben)];
  }),
  rulesAt('state/entries/proposal.ts')(
    'statement_expired',
    'an approval whose approver’s own clock says that the proposal has expired',
    async () => {
      const { world, ben, proposal } = await proposed();
      const expires = world.facts.proposals.get(proposal)?.statement.expires ?? 0;
      world.now = expires;
      return [world, await world.draftApproval(proposal, ben, { time: expires + 1 })];
    },
  ),
  rulesAt('state/running.ts')('vault_stopped', 'an approval of a release while the vault is stopped', async () => {
    const { world, ana, ben, proposal } = await proposed();
    await world.append(await world.draftStop(world.stop('all', '00'.repeat(32), ana)));
    return [world, await world.draftApproval(proposal, ben)];
  }),
  rulesAt('state/judgement.ts')('clock_skew', 'an approver’s clock more than 5 minutes ahead', () =>
    voting(({ world }) => ({ time: world.now + 5 * MINUTE_MS + 1 })),
  ),
  rulesAt('state/judgement.ts')('clock_skew', 'an approver’s clock more than 5 minutes behind', () =>
    voting(({ world }) => ({ time: world.now - 5 * MINUTE_MS - 1 })),
  ),
];

const CHECKPOINT: readonly BrokenRule[] = [
  approval('foreign_checkpoint', 'an approval that names another log', () =>
    voting(({ world }) => ({ checkpoint: { ...world.checkpoint(), origin: 'tl-9999999999999999.localhost/log' } })),
  ),
  approval('foreign_checkpoint', 'an approval whose root this log never had', () =>
    voting(({ world }) => ({ checkpoint: { ...world.checkpoint(), root: OTHER } })),
  ),
  approval('foreign_checkpoint', 'an approval of a log larger than it is', () =>
    voting(({ world }) => ({ checkpoint: { ...world.checkpoint(), size: world.checkpoint().size + 1 } })),
  ),
  approval('stale_checkpoint', 'an approval by who has not seen the proposal in the log', async () => {
    const { world, deposit, ben } = await published();
    const checkpoint = world.checkpoint();
    const proposal = await world.propose((await world.ask(deposit)).statement);
    return [world, await world.draftApproval(proposal, ben, { checkpoint })];
  }),
  approval('stale_checkpoint', 'an approval of the empty log', () =>
    voting(({ world }) => ({ checkpoint: { ...world.checkpoint(), size: 0 } })),
  ),
  approval(
    'stale_checkpoint',
    'an approval by who has not seen in the log that an authenticator was retired',
    async () => {
      const { world, ana, ben, proposal } = await proposed();
      const roster = rosterDigest(world.facts);
      const target = digestOf(ana.authenticators[0].credential);
      await world.append(await world.draftStop(world.stop('authenticator', target, ana)));
      return [world, await world.draftApproval(proposal, ben, { roster })];
    },
  ),
];

const TOUCH: readonly BrokenRule[] = [
  clientData('wrong_challenge', 'a login offered as an approval', () =>
    touching(({ world }) => ({ label: 'session', vault: world.vault, nonce: OTHER })),
  ),
  clientData('wrong_challenge', 'a stop offered as an approval', () =>
    touching(({ world, proposal }) => ({ label: 'stop', vault: world.vault, what: 'release', statement: proposal })),
  ),
  clientData('wrong_challenge', 'an enrolment offered as an approval', () =>
    touching(({ world, ben }) => ({
      label: 'enrol',
      vault: world.vault,
      invitation: OTHER,
      person: ben.person,
      credential: ben.authenticators[0].credential,
      keyEpoch: 1,
      kem: ben.authenticators[0].keys.kem.publicKey,
      signing: ben.authenticators[0].keys.signing.publicKey,
      name: 'key 1',
    })),
  ),
  clientData('wrong_challenge', 'a proposal’s touch offered as an approval', () =>
    touching(({ world, proposal }) => ({ label: 'propose', vault: world.vault, statement: proposal })),
  ),
  clientData('wrong_challenge', 'a signature of genesis offered as an approval', () =>
    touching(({ proposal }) => ({ label: 'genesis', statement: proposal })),
  ),
  clientData('wrong_challenge', 'a denial offered as an approval', () => changed({ decision: 'deny' })),
  clientData('wrong_challenge', 'an approval over another roster', () => changed({ roster: OTHER })),
  clientData('wrong_challenge', 'a denial whose reason was changed', () =>
    voting(({ world, proposal }) => ({
      nonce: OTHER,
      decision: 'deny',
      reason: 'the ticket is closed',
      signable: { ...asTouched(world, proposal), decision: 'deny', reason: 'the ticket is open' },
    })),
  ),
  clientData('wrong_challenge', 'a denial whose reason was taken away', () =>
    voting(({ world, proposal }) => ({
      nonce: OTHER,
      decision: 'deny',
      signable: { ...asTouched(world, proposal), decision: 'deny', reason: 'the ticket is closed' },
    })),
  ),
  approval('malformed', 'an approval with a reason', () => voting(() => ({ reason: 'it is right' }))),
  clientData('wrong_challenge', 'the approval of another statement', () => changed({ statement: OTHER })),
  clientData('wrong_challenge', 'an approval for another vault', () => changed({ vault: OTHER })),
  clientData('wrong_challenge', 'an approval whose time was changed', () => changed({ timeMs: 1 })),
  clientData('wrong_challenge', 'an approval whose checkpoint was changed', () => changed({ size: 1 })),
  clientData('wrong_origin', 'an approval made on another page', () => answering({ origin: 'https://vault.example' })),
  clientData('wrong_origin', 'an approval made on a page whose name begins like ours (lesson: substrings)', () =>
    answering({ origin: 'http://tl-abcdefgh01234567.localhost.example' }),
  ),
  authenticatorData('wrong_rp_id', 'an approval under another RP ID', () =>
    answering({ rpId: 'tl-9999999999999999.localhost', origin: 'http://tl-abcdefgh01234567.localhost' }),
  ),
  authenticatorData('user_absent', 'an approval without a touch', () => answering({ flags: { userPresent: false } })),
  authenticatorData('user_unverified', 'an approval without user verification (lesson)', () =>
    answering({ flags: { userVerified: false } }),
  ),
  authenticatorData('backup_eligible', 'an approval by a key that can be copied', () =>
    answering({ flags: { backupEligible: true } }),
  ),
  clientData('wrong_origin', 'an approval made in a frame of another page', async () => {
    const [world, draft] = await voting(() => ({}));
    if (draft instanceof Uint8Array || draft.kind !== 'approval') throw new Error('an approval was drafted');
    const text = new TextDecoder().decode(Buffer.from(draft.body.assertion.clientDataJSON, 'base64url'));
    const clientDataJSON = toBase64url(utf8(text.replace('"crossOrigin":false', '"crossOrigin":true')));
    return [world, { ...draft, body: { ...draft.body, assertion: { ...draft.body.assertion, clientDataJSON } } }];
  }),
  rulesAt('platform/verify-node.ts')('signature_invalid', 'an approval that another’s authenticator has signed', () =>
    voting(({ ben, cleo }) => ({
      by: cleo.authenticators[0],
      credential: toBase64url(ben.authenticators[0].credential),
    })),
  ),
  rulesAt('platform/verify-node.ts')(
    'signature_invalid',
    'an approval whose signature counter was changed',
    async () => {
      const [world, draft] = await voting(() => ({}));
      if (draft instanceof Uint8Array || draft.kind !== 'approval') throw new Error('an approval was drafted');
      const bytes = Buffer.from(draft.body.assertion.authenticatorData, 'base64url');
      bytes[36] = (bytes[36] ?? 0) ^ 0xff;
      const authenticatorData = toBase64url(new Uint8Array(bytes));
      return [world, { ...draft, body: { ...draft.body, assertion: { ...draft.body.assertion, authenticatorData } } }];
    },
  ),
];

export const APPROVAL: readonly BrokenRule[] = [...WHO, ...WHEN, ...CHECKPOINT, ...TOUCH];
