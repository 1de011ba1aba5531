import { toBase64url } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import type { Proposable } from '../../../../src/core/state/state.ts';
import type { Statement } from '../../../../src/core/statement/statement.ts';
import { statementDigest } from '../../../../src/core/statement/statement.ts';
import { HOUR_MS } from '../../../world/founding.ts';
import { makeMachine, OUTSIDER } from '../../../world/people.ts';
import { asProposer } from '../../../world/world.ts';
import { deposited, founded, foundedWith, published, publishedWith, type Stage, scoped } from '../stages.ts';
import {
  ALICE_AND_EMMA,
  type Attempt,
  type BrokenRule,
  LOOK_ALIKES,
  MINUTE_MS,
  NO_NAMES,
  OTHER,
  OTHER_ID,
  rulesAt,
} from './broken.ts';

const proposal = rulesAt('state/entries/proposal.ts');
const committee = rulesAt('state/committees.ts');
const reach = rulesAt('state/reach.ts');
const signatures = rulesAt('state/checks/signatures.ts');
const principal = rulesAt('state/kinds/principal.ts');
const clientData = rulesAt('webauthn/client-data.ts');
const machineOf = ({ world }: Stage, name = 'another') =>
  makeMachine({ role: 'auditor', name, ...OUTSIDER }, world.random).record;

/** The enrolment of a machine, the simplest statement there is, with one thing wrong. */
async function enrolment(changes: (stage: Stage) => Partial<Proposable & { kind: 'principal' }>): Promise<Attempt> {
  const stage = await founded();
  const { world, ana } = stage;
  return [world, await world.draftProposal(world.principal(machineOf(stage), ana, changes(stage)))];
}

/** A publication with another proposer, signed by that proposer. */
async function publication(
  proposer: (stage: Stage) => (Proposable & { kind: 'publish' })['proposer'],
  stage: () => Promise<Awaited<ReturnType<typeof deposited>>> = deposited,
): Promise<Attempt> {
  const staged = await stage();
  const { world, deposit } = staged;
  return [world, await world.draftProposal(world.publication(deposit, { proposer: proposer(staged) }))];
}

const HEADER: readonly BrokenRule[] = [
  proposal('wrong_vault', 'a statement of another vault', () => enrolment(() => ({ vault: OTHER }))),
  proposal('wrong_grade', 'a statement of another grade', () => enrolment(() => ({ grade: 'production' }))),
  committee('wrong_committee', 'a statement of another committee', () => enrolment(() => ({ committee: OTHER_ID }))),
  committee('wrong_epoch', 'a statement of another epoch', () => enrolment(() => ({ epoch: 2 }))),
  proposal('wrong_policy', 'a statement under another policy', () => enrolment(() => ({ policy: OTHER }))),
  proposal('foreign_checkpoint', 'a statement that names a size which the log does not have yet', () =>
    enrolment(({ world }) => ({ logSize: world.log.length + 1 })),
  ),
  proposal('wrong_base', 'a statement that rests on something else', () => enrolment(() => ({ base: OTHER }))),
  proposal('wrong_base', 'a publication that rests on another version', async () => {
    const { world, deposit } = await deposited();
    return [world, await world.draftProposal(world.publication(deposit, { base: OTHER }))];
  }),
  proposal('statement_seen', 'a digest that is proposed twice', async () => {
    const stage = await founded();
    const statement = stage.world.principal(machineOf(stage), stage.ana);
    await stage.world.propose(statement);
    return [stage.world, await stage.world.draftProposal(statement)];
  }),
  proposal('statement_seen', 'a digest that is proposed again after it was denied', async () => {
    const stage = await founded();
    const { world, ana, ben, cleo, dan } = stage;
    const statement = world.principal(machineOf(stage), ana);
    await world.deny(await world.propose(statement), ben, cleo, dan);
    return [world, await world.draftProposal(statement)];
  }),
  proposal('statement_expired', 'a statement that has expired', () =>
    enrolment(({ world }) => ({ created: world.now - 2 * MINUTE_MS, expires: world.now - 1 })),
  ),
  proposal('limit_exceeded', 'a statement that stays open longer than policy allows', () =>
    enrolment(({ world }) => ({ expires: world.now + 24 * HOUR_MS + 1 })),
  ),
  proposal('limit_exceeded', 'a statement that expires before it was made', () =>
    enrolment(({ world }) => ({ expires: world.now })),
  ),
  rulesAt('state/judgement.ts')('clock_skew', 'a proposal from more than 5 minutes ahead', () =>
    enrolment(({ world }) => ({ created: world.now + 5 * MINUTE_MS + 1 })),
  ),
  rulesAt('schema.ts')('malformed', 'a statement with a member that is not known', () =>
    enrolment(() => ({ comment: 'x' }) as object),
  ),
  rulesAt('statement/statement.ts')('unknown_kind', 'a statement of a kind that is not known', () =>
    enrolment(() => ({ kind: 'override' }) as object),
  ),
  proposal('not_permitted', 'a stop offered as a proposal', async () => {
    const { world, ana } = await founded();
    const draft = await world.draftStop(world.stop('all', '00'.repeat(32), ana));
    return [world, { kind: 'proposal', body: draft.body }];
  }),
  proposal('not_permitted', 'a genesis offered as a proposal', async () => {
    const { world, ana } = await founded();
    const draft = await world.draftStop(world.stop('all', '00'.repeat(32), ana));
    const statement: Statement = world.founding.statement;
    return [world, { kind: 'proposal', body: { ...draft.body, statement } }];
  }),
];

const PROPOSER: readonly BrokenRule[] = [
  signatures('principal_unknown', 'a proposal by a key that is not enrolled', () =>
    publication(({ world }) => asProposer(makeMachine({ role: 'depositor', name: 'x', ...OUTSIDER }, world.random))),
  ),
  signatures('principal_retired', 'a publication by a key that has been retired', async () => {
    const { world, deposit, ana } = await deposited();
    await world.retire(world.founding.depositor, ana);
    return [world, await world.draftProposal(world.publication(deposit))];
  }),
  signatures('principal_retired', 'a request by a key that has been retired', async () => {
    const { world, deposit, ana } = await published();
    const { statement } = await world.ask(deposit);
    await world.retire(world.founding.requester, ana);
    return [world, await world.draftProposal(statement)];
  }),
  principal('principal_exists', 'a second enrolment of a key that has been retired', async () => {
    const { world, ana } = await founded();
    await world.retire(world.founding.auditor, ana);
    return [world, await world.draftProposal(world.principal(world.founding.auditor.record, ana))];
  }),
  proposal('principal_unknown', 'a machine that names another owner than its own', () =>
    publication(({ world, ana }) => ({ ...asProposer(world.founding.depositor), person: ana.person })),
  ),
  proposal('not_permitted', 'a requester who proposes a publication', () =>
    publication(({ world }) => asProposer(world.founding.requester)),
  ),
  proposal('not_permitted', 'an auditor who proposes a publication', () =>
    publication(({ world }) => asProposer(world.founding.auditor)),
  ),
  proposal('not_permitted', 'a depositor who asks for a release', async () => {
    const { world, deposit } = await published();
    const { statement } = await world.ask(deposit, { by: world.founding.depositor });
    return [world, await world.draftProposal(statement)];
  }),
  proposal('out_of_scope', 'a request for a model outside the key’s scope', async () => {
    const { world, deposit } = await scoped();
    const model = 'acme-eu/ocr';
    const { statement } = await world.ask(deposit, { request: { model }, statement: { model } });
    return [world, await world.draftProposal(statement)];
  }),
  reach('quorum_unreachable', 'a publication that too few may approve without proposer and owner', async () => {
    const { world, ana } = await threeFounders();
    const version = await world.deposit({ version: '2' });
    return [world, await world.draftProposal(world.publication(version, { proposer: asProposer(ana) }))];
  }),
  reach('quorum_unreachable', 'a publication that too few may approve since a key was retired', async () => {
    const { world, ben } = await threeFounders();
    const version = await world.deposit({ version: '2' });
    await retireKey(world, ben);
    return [world, await world.draftProposal(world.publication(version))];
  }),
  reach('quorum_unreachable', 'a release for which too few can approve since a key was retired', async () => {
    const { world, deposit, ben } = await threeFounders();
    const { statement } = await world.ask(deposit);
    await retireKey(world, ben);
    return [world, await world.draftProposal(statement)];
  }),
  signatures('not_a_custodian', 'a proposal by a person who is no custodian', () =>
    enrolment(({ ana }) => ({ proposer: { ...asProposer(ana), person: OTHER_ID } })),
  ),
  signatures('credential_unknown', 'a proposal with a credential that is not enrolled', () =>
    enrolment(({ ana }) => ({ proposer: { ...asProposer(ana), credential: toBase64url(new Uint8Array(16)) } })),
  ),
  signatures('credential_unknown', 'a proposal with the credential of another custodian', () =>
    enrolment(({ ana, ben }) => ({ proposer: { ...asProposer(ana), person: ben.person } })),
  ),
  signatures('credential_retired', 'a proposal with a retired authenticator', async () => {
    const stage = await founded();
    const { world, ana } = stage;
    const [first] = ana.authenticators;
    await world.append(await world.draftStop(world.stop('authenticator', digestOf(first.credential), ana)));
    return [world, await world.draftProposal(world.principal(machineOf(stage), ana))];
  }),
  signatures('not_permitted', 'a custodian’s proposal that a machine’s key has signed', async () => {
    const stage = await deposited();
    const { world, deposit, ana } = stage;
    const draft = await world.draftProposal(world.publication(deposit));
    const statement = world.publication(deposit, { proposer: asProposer(ana) });
    return [world, { ...draft, body: { ...draft.body, statement } }];
  }),
  signatures('not_permitted', 'a machine’s proposal that a touch has signed', async () => {
    const { world, deposit, ana } = await deposited();
    const draft = await world.draftProposal(world.publication(deposit, { proposer: asProposer(ana) }));
    return [world, { ...draft, body: { ...draft.body, statement: world.publication(deposit) } }];
  }),
];

const SIGNATURE: readonly BrokenRule[] = [
  clientData('wrong_challenge', 'a login offered as a proposal', async () => {
    const stage = await founded();
    const { world, ana } = stage;
    const login = { label: 'session', vault: world.vault, nonce: OTHER } as const;
    return [world, await world.draftProposal(world.principal(machineOf(stage), ana), login)];
  }),
  clientData('wrong_challenge', 'a stop’s touch offered as a proposal', async () => {
    const stage = await founded();
    const { world, ana } = stage;
    const statement = world.principal(machineOf(stage), ana);
    const stop = { label: 'stop', vault: world.vault, what: 'all', statement: statementDigest(statement) } as const;
    return [world, await world.draftProposal(statement, stop)];
  }),
  clientData('wrong_challenge', 'a proposal changed after it was signed', async () => {
    const stage = await founded();
    const { world, ana } = stage;
    const statement = world.principal(machineOf(stage), ana);
    const draft = await world.draftProposal(statement);
    return [world, { ...draft, body: { ...draft.body, statement: { ...statement, nonce: OTHER } } }];
  }),
  rulesAt('platform/verify-node.ts')('signature_invalid', 'a machine’s signature for another purpose', async () => {
    const { world, deposit } = await deposited();
    const statement = world.publication(deposit);
    const login = { label: 'session', vault: world.vault, nonce: statementDigest(statement) } as const;
    return [world, await world.draftProposal(statement, login)];
  }),
];

const names = rulesAt('state/checks/names.ts');
const ofAlice = foundedWith({ founders: ALICE_AND_EMMA });

const PRINCIPAL: readonly BrokenRule[] = [
  principal('principal_exists', 'a machine’s key that is enrolled already', () =>
    enrolment(({ world }) => ({ principal: world.founding.auditor.record })),
  ),
  principal('principal_exists', 'a machine’s key that has been enrolled while this was open', async () => {
    const stage = await founded();
    const { world, ana, ben, cleo } = stage;
    const record = machineOf(stage);
    const [first, second] = [world.principal(record, ana), world.principal(record, ana)];
    await world.propose(first);
    await world.propose(second);
    await world.approve(statementDigest(second), ana);
    await world.approve(statementDigest(first), ana, ben);
    return [world, await world.draftApproval(statementDigest(second), cleo)];
  }),
  ...LOOK_ALIKES.map(([what, ownerName]) =>
    names('person_exists', `a machine whose owner has ${what}`, async () => {
      const stage = await ofAlice();
      const { world, ana } = stage;
      const record = makeMachine({ role: 'auditor', name: 'x', owner: OTHER_ID, ownerName }, world.random).record;
      return [world, await world.draftProposal(world.principal(record, ana))];
    }),
  ),
  ...NO_NAMES.map(([what, ownerName]) =>
    rulesAt('schema.ts')('malformed', `a machine whose owner has a name with ${what}`, () =>
      enrolment(({ world }) => ({
        principal: makeMachine({ role: 'auditor', name: 'x', owner: OTHER_ID, ownerName }, world.random).record,
      })),
    ),
  ),
  names('person_exists', 'an owner who looks like one that was enrolled while this was open', async () => {
    const { world, ana, ben, cleo } = await founded();
    const enrolled = (name: string, owner: string, ownerName: string) =>
      world.principal(makeMachine({ role: 'auditor', name, owner, ownerName }, world.random).record, ana);
    const [first, second] = [enrolled('one', OTHER_ID, 'Mia'), enrolled('two', '88'.repeat(16), 'mia')];
    await world.propose(first);
    await world.propose(second);
    await world.approve(statementDigest(second), ana);
    await world.approve(statementDigest(first), ana, ben);
    return [world, await world.draftApproval(statementDigest(second), cleo)];
  }),
  names('principal_exists', 'a machine whose name looks like that of another owner’s machine', () =>
    enrolment(({ world }) => ({
      principal: makeMachine(
        { role: 'auditor', name: world.founding.auditor.record.name.toUpperCase(), owner: OTHER_ID, ownerName: 'eve' },
        world.random,
      ).record,
    })),
  ),
  names('person_exists', 'a machine whose owner has the name of another person', () =>
    enrolment(({ world }) => ({
      principal: makeMachine({ role: 'auditor', name: 'x', owner: OTHER_ID, ownerName: 'ben' }, world.random).record,
    })),
  ),
  rulesAt('platform/verify-node.ts')('signature_invalid', 'a machine’s key that its enrolment does not hold', () =>
    enrolment((stage) => ({
      principal: { ...machineOf(stage), possession: stage.world.founding.auditor.record.possession },
    })),
  ),
];

const threeFounders = publishedWith({
  founders: [
    { name: 'ana', index: 1 },
    { name: 'ben', index: 2 },
    { name: 'cleo', index: 3 },
  ],
});

/** Its person has no other. */
async function retireKey(world: Stage['world'], who: Stage['ana']): Promise<void> {
  const target = digestOf(who.authenticators[0].credential);
  await world.append(await world.draftStop(world.stop('authenticator', target, who)));
}

export const PROPOSAL: readonly BrokenRule[] = [...HEADER, ...PROPOSER, ...SIGNATURE, ...PRINCIPAL];
