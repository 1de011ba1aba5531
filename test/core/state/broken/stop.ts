import { toBase64url } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import { statementDigest } from '../../../../src/core/statement/statement.ts';
import { HOUR_MS } from '../../../world/founding.ts';
import { makeMachine, OUTSIDER } from '../../../world/people.ts';
import { asProposer } from '../../../world.ts';
import { deposited, founded, published, released } from '../stages.ts';
import { type Attempt, type BrokenRule, MINUTE_MS, OTHER, OTHER_ID, rulesAt } from './broken.ts';

const stop = rulesAt('state/rules/stop.ts');
const proposal = rulesAt('state/rules/proposal.ts');
const signatures = rulesAt('state/rules/signatures.ts');
const ZEROS = '00'.repeat(32);

type Stage = Awaited<ReturnType<typeof released>>;
type Stop = ReturnType<Stage['world']['stop']>;

/** Ana's stop of everything, with one thing wrong. */
async function stopping(changes: (stage: Stage) => Partial<Stop>): Promise<Attempt> {
  const stage = await released();
  const { world, ana } = stage;
  return [world, await world.draftStop(world.stop('all', ZEROS, ana, changes(stage)))];
}

const HEADER: readonly BrokenRule[] = [
  proposal('wrong_vault', 'a stop of another vault', () => stopping(() => ({ vault: OTHER }))),
  proposal('wrong_grade', 'a stop of another grade', () => stopping(() => ({ grade: 'production' }))),
  proposal('wrong_committee', 'a stop by another committee', () => stopping(() => ({ committee: OTHER_ID }))),
  proposal('statement_expired', 'a stop that has expired', () =>
    stopping(({ world }) => ({ created: world.now - 2 * MINUTE_MS, expires: world.now - 1 })),
  ),
  stop('wrong_base', 'a stop that rests on something', () => stopping(() => ({ base: OTHER }))),
  proposal('statement_seen', 'a stop that is replayed after the vault has resumed', async () => {
    const { world, ana, ben } = await founded();
    const statement = world.stop('all', ZEROS, ana);
    const draft = await world.draftStop(statement);
    await world.append(draft);
    await world.approve(await world.propose(world.resumption(statementDigest(statement), ana)), ana, ben);
    return [world, draft];
  }),
  stop('unknown_kind', 'a proposal offered as a stop', async () => {
    const { world, deposit } = await deposited();
    const draft = await world.draftProposal(world.publication(deposit));
    return [world, { kind: 'stop', body: draft.body }];
  }),
  rulesAt('webauthn/client-data.ts')('wrong_challenge', 'a login offered as a stop', async () => {
    const { world, ana } = await founded();
    const login = { label: 'session', vault: world.vault, nonce: OTHER } as const;
    return [world, await world.draftStop(world.stop('all', ZEROS, ana), login)];
  }),
  rulesAt('webauthn/client-data.ts')(
    'wrong_challenge',
    'the stop of one thing offered as that of another',
    async () => {
      const { world, ana } = await founded();
      const statement = world.stop('all', ZEROS, ana);
      const other = {
        label: 'stop',
        vault: world.vault,
        what: 'release',
        statement: statementDigest(statement),
      } as const;
      return [world, await world.draftStop(statement, other)];
    },
  ),
];

const WHO: readonly BrokenRule[] = [
  signatures('principal_unknown', 'a stop by a key that is not enrolled', async () => {
    const { world, release } = await released();
    const machine = makeMachine({ role: 'requester', name: 'x', ...OUTSIDER }, world.random);
    return [world, await world.draftStop(world.stop('release', release, machine))];
  }),
  stop('principal_unknown', 'a stop by a machine that names another owner', () =>
    stopping(({ world, ben }) => ({ proposer: { ...asProposer(world.founding.requester), person: ben.person } })),
  ),
  signatures('principal_retired', 'a stop by a key that has been retired', async () => {
    const { world, release, ana } = await released();
    await world.retire(world.founding.requester, ana);
    return [world, await world.draftStop(world.stop('release', release, world.founding.requester))];
  }),
  stop('not_permitted', 'a machine that retires the key of another', async () => {
    const { world } = await founded();
    return [world, await world.draftStop(world.retirement(world.founding.auditor, world.founding.requester))];
  }),
  stop('not_permitted', 'a machine that stops everything', () =>
    stopping(({ world }) => ({ proposer: asProposer(world.founding.requester) })),
  ),
  stop('not_permitted', 'a machine that revokes what another has asked for', async () => {
    const { world, release } = await released();
    return [world, await world.draftStop(world.stop('release', release, world.founding.depositor))];
  }),
  stop('not_permitted', 'a machine that withdraws a version', async () => {
    const { world, deposit } = await published();
    return [world, await world.draftStop(world.stop('version', deposit.manifest, world.founding.depositor))];
  }),
  signatures('not_a_custodian', 'a stop by a person who is no custodian (lesson: anybody cancels)', () =>
    stopping(({ ana }) => ({ proposer: { ...asProposer(ana), person: OTHER_ID } })),
  ),
  signatures('credential_unknown', 'a stop with a credential that nobody enrolled', () =>
    stopping(({ ana }) => ({ proposer: { ...asProposer(ana), credential: toBase64url(new Uint8Array(16)) } })),
  ),
  stop('not_permitted', 'a custodian who retires the authenticator of another', () =>
    stopping(({ ben }) => ({ what: 'authenticator', target: digestOf(ben.authenticators[0].credential) })),
  ),
  stop('not_permitted', 'a custodian who withdraws the proposal of another', async () => {
    const { world, deposit, ben } = await published();
    const asked = await world.ask(deposit);
    await world.propose(asked.statement);
    return [world, await world.draftStop(world.stop('proposal', statementDigest(asked.statement), ben))];
  }),
];

const WHAT: readonly BrokenRule[] = [
  stop('stop_unknown', 'a stop of everything that names a target', () => stopping(() => ({ target: OTHER }))),
  stop('vault_stopped', 'a stop of a vault that is stopped', async () => {
    const { world, ana, ben } = await founded();
    await world.append(await world.draftStop(world.stop('all', ZEROS, ana)));
    return [world, await world.draftStop(world.stop('all', ZEROS, ben))];
  }),
  stop('release_unknown', 'a revocation of what nobody proposed', () =>
    stopping(() => ({ what: 'release', target: OTHER })),
  ),
  stop('release_unknown', 'a revocation of a proposal that is no release', () =>
    stopping(({ world }) => ({
      what: 'release',
      target: world.facts.proposals.find(({ statement }) => statement.kind === 'publish')?.digest ?? '',
    })),
  ),
  stop('proposal_closed', 'a second revocation of one release', async () => {
    const { world, release, ana, ben } = await released();
    await world.append(await world.draftStop(world.stop('release', release, ana)));
    return [world, await world.draftStop(world.stop('release', release, ben))];
  }),
  stop('proposal_closed', 'a revocation of a release whose lease is over', async () => {
    const { world, release, ana } = await released();
    world.now += 2 * HOUR_MS;
    await world.append({ kind: 'expiry', body: { proposal: release } });
    return [world, await world.draftStop(world.stop('release', release, ana))];
  }),
  stop('version_unknown', 'a withdrawal of what nobody deposited', () =>
    stopping(() => ({ what: 'version', target: OTHER })),
  ),
  stop('version_withdrawn', 'a second withdrawal of one version', async () => {
    const { world, deposit, ana, ben } = await published();
    await world.append(await world.draftStop(world.stop('version', deposit.manifest, ana)));
    return [world, await world.draftStop(world.stop('version', deposit.manifest, ben))];
  }),
  stop('not_permitted', 'a retirement of what nobody enrolled', () =>
    stopping(() => ({ what: 'authenticator', target: OTHER })),
  ),
  stop('credential_retired', 'a second retirement of one authenticator', async () => {
    const { world, ana } = await founded();
    const target = digestOf(ana.authenticators[1]?.credential ?? new Uint8Array());
    await world.append(await world.draftStop(world.stop('authenticator', target, ana)));
    return [world, await world.draftStop(world.stop('authenticator', target, ana))];
  }),
  stop('principal_unknown', 'a retirement of a key that nobody enrolled', () =>
    stopping(() => ({ what: 'principal', target: OTHER })),
  ),
  signatures('principal_retired', 'a second retirement of one key', async () => {
    const { world, ana, ben } = await founded();
    await world.retire(world.founding.auditor, ana);
    return [world, await world.draftStop(world.retirement(world.founding.auditor, ben))];
  }),
  stop('proposal_unknown', 'a withdrawal of what nobody proposed', () =>
    stopping(() => ({ what: 'proposal', target: OTHER })),
  ),
  stop('proposal_closed', 'a withdrawal of what has been released', async () => {
    const { world, release, ana } = await released();
    return [world, await world.draftStop(world.stop('proposal', release, ana))];
  }),
  stop('not_permitted', 'a machine that withdraws what nobody proposed', () =>
    stopping(({ world }) => ({ what: 'proposal', target: OTHER, proposer: asProposer(world.founding.requester) })),
  ),
];

export const STOP: readonly BrokenRule[] = [...HEADER, ...WHO, ...WHAT];
