import { toBase64url } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import { statementDigest } from '../../../../src/core/statement/statement.ts';
import { HOUR_MS } from '../../../world/founding.ts';
import { makeMachine, OUTSIDER } from '../../../world/people.ts';
import { asStopper } from '../../../world/world.ts';
import { deposited, founded, published, publishedWith, released } from '../stages.ts';
import { type Attempt, type BrokenRule, OTHER, rulesAt } from './broken.ts';

const stop = rulesAt('state/entries/stop.ts');
const lifecycle = rulesAt('state/lifecycle.ts');
const retirement = rulesAt('state/checks/retirement.ts');
const signatures = rulesAt('state/checks/signatures.ts');
const ZEROS = '00'.repeat(32);

/** Ana proposes to take back what stops the vault, and approves it with another. */
async function resume(world: Stage['world'], ana: Stage['ana'], other: Stage['ana']): Promise<void> {
  const stopped = world.facts.stopped?.at(-1)?.digest ?? '';
  await world.approve(await world.propose(world.resumption(stopped, ana)), ana, other);
}

type Stage = Awaited<ReturnType<typeof released>>;
type Stop = ReturnType<Stage['world']['stop']>;

function ownKey(world: Stage['world'], who: Stage['ana']): Stop {
  return world.stop('authenticator', digestOf(who.authenticators[0].credential), who);
}

/** Ana's stop of everything, with one thing wrong. */
async function stopping(changes: (stage: Stage) => Partial<Stop>): Promise<Attempt> {
  const stage = await released();
  const { world, ana } = stage;
  const changed = changes(stage);
  return [world, await world.draftStop(world.stop(changed.what ?? 'all', ZEROS, ana, changed))];
}

const HEADER: readonly BrokenRule[] = [
  stop('wrong_vault', 'a stop of another vault', () => stopping(() => ({ vault: OTHER }))),
  stop('wrong_base', 'a stop of everything that rests on no resumption of this vault', () =>
    stopping(() => ({ base: OTHER })),
  ),
  stop('wrong_base', 'a stop of one release that rests on something', () =>
    stopping(({ release }) => ({ what: 'release', target: release, base: OTHER })),
  ),
  stop('statement_seen', 'a stop that is replayed after the vault has resumed', async () => {
    const { world, ana, ben, cleo } = await founded();
    const draft = await world.draftStop(world.stop('all', ZEROS, cleo));
    await world.append(draft);
    await resume(world, ana, ben);
    return [world, draft];
  }),
  stop('wrong_base', 'a second stop by one person that was held back until the vault had resumed', async () => {
    const { world, ana, ben, cleo } = await founded();
    const heldBack = await world.draftStop(world.stop('all', ZEROS, cleo));
    await world.append(await world.draftStop(world.stop('all', ZEROS, cleo)));
    await resume(world, ana, ben);
    return [world, heldBack];
  }),
  stop('wrong_base', 'a stop that its signer held back, and who then took part in the resumption', async () => {
    const { world, ana, ben, cleo } = await founded();
    const heldBack = await world.draftStop(world.stop('all', ZEROS, ben));
    await world.append(await world.draftStop(world.stop('all', ZEROS, cleo)));
    await resume(world, ana, ben);
    return [world, heldBack];
  }),
  stop('wrong_base', 'a stop that its signer held back, and who then proposed the resumption', async () => {
    const { world, ana, ben, cleo } = await founded();
    const heldBack = await world.draftStop(world.stop('all', ZEROS, ana));
    await world.append(await world.draftStop(world.stop('all', ZEROS, cleo)));
    const stopped = world.facts.stopped?.at(-1)?.digest ?? '';
    await world.approve(await world.propose(world.resumption(stopped, ana)), ben, cleo);
    return [world, heldBack];
  }),
  stop(
    'wrong_base',
    'a second stop by one person while the vault is stopped: it is stopped by them already',
    async () => {
      const { world, ana } = await founded();
      await world.append(await world.draftStop(world.stop('all', ZEROS, ana)));
      return [world, await world.draftStop(world.stop('all', ZEROS, ana))];
    },
  ),
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
    stopping(({ world }) => ({ by: asStopper(world.founding.requester) })),
  ),
  stop('not_permitted', 'a machine that revokes what another has asked for', async () => {
    const { world, release } = await released();
    return [world, await world.draftStop(world.stop('release', release, world.founding.depositor))];
  }),
  stop('not_permitted', 'a machine that withdraws a version', async () => {
    const { world, deposit } = await published();
    return [world, await world.draftStop(world.stop('version', deposit.manifest, world.founding.depositor))];
  }),
  stop('credential_unknown', 'a stop with a credential that is not enrolled (lesson: anybody cancels)', () =>
    stopping(() => ({ by: { kind: 'custodian', credential: toBase64url(new Uint8Array(16)) } })),
  ),
  signatures('credential_retired', 'a stop with an authenticator that has been retired', async () => {
    const { world, ana } = await founded();
    const [lost] = ana.authenticators;
    await world.append(await world.draftStop(world.stop('authenticator', digestOf(lost.credential), ana)));
    return [world, await world.draftStop(world.stop('all', ZEROS, ana))];
  }),
  stop('not_permitted', 'a stop by a machine that a custodian’s touch is offered for', async () => {
    const { world, release, ana } = await released();
    const statement = world.stop('release', release, world.founding.requester);
    const { body } = await world.draftStop(world.stop('release', release, ana));
    return [world, { kind: 'stop', body: { statement, signature: body.signature } }];
  }),
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
  stop('proposal_unknown', 'a revocation of what was not proposed', () =>
    stopping(() => ({ what: 'release', target: OTHER })),
  ),
  stop('proposal_unknown', 'a revocation of a proposal that is no release', () =>
    stopping(({ world }) => ({
      what: 'release',
      target: world.facts.proposals.find(({ statement }) => statement.kind === 'publish')?.digest ?? '',
    })),
  ),
  lifecycle('proposal_closed', 'a second revocation of one release', async () => {
    const { world, release, ana, ben } = await released();
    await world.append(await world.draftStop(world.stop('release', release, ana)));
    return [world, await world.draftStop(world.stop('release', release, ben))];
  }),
  lifecycle('proposal_closed', 'a revocation of a release whose lease is over', async () => {
    const { world, release, ana } = await released();
    world.now += 2 * HOUR_MS;
    await world.append({ kind: 'expiry', body: { proposal: release } });
    return [world, await world.draftStop(world.stop('release', release, ana))];
  }),
  stop('version_unknown', 'a withdrawal of what was not deposited', () =>
    stopping(() => ({ what: 'version', target: OTHER })),
  ),
  stop('version_withdrawn', 'a second withdrawal of one version', async () => {
    const { world, deposit, ana, ben } = await published();
    await world.append(await world.draftStop(world.stop('version', deposit.manifest, ana)));
    return [world, await world.draftStop(world.stop('version', deposit.manifest, ben))];
  }),
  stop('not_permitted', 'a retirement of an authenticator that is not enrolled', () =>
    stopping(() => ({ what: 'authenticator', target: OTHER })),
  ),
  stop('credential_retired', 'a second retirement of one authenticator', async () => {
    const { world, ana } = await founded();
    const target = digestOf(ana.authenticators[1]?.credential ?? new Uint8Array());
    await world.append(await world.draftStop(world.stop('authenticator', target, ana)));
    return [world, await world.draftStop(world.stop('authenticator', target, ana))];
  }),
  retirement('quorum_unreachable', 'a retirement of one’s own that leaves too few who can act', async () => {
    const { world, ben, cleo, dan } = await founded();
    for (const who of [ben, cleo]) await world.append(await world.draftStop(ownKey(world, who)));
    return [world, await world.draftStop(ownKey(world, dan))];
  }),
  retirement('quorum_unreachable', 'a retirement of the last of a group that policy asks for', async () => {
    const { world, ben, dan } = await publishedWith({ policy: { groups: ['research'] } })();
    await world.append(await world.draftStop(ownKey(world, ben)));
    return [world, await world.draftStop(ownKey(world, dan))];
  }),
  stop('principal_unknown', 'a retirement of a key that is not enrolled', () =>
    stopping(() => ({ what: 'principal', target: OTHER })),
  ),
  signatures('principal_retired', 'a second retirement of one key', async () => {
    const { world, ana, ben } = await founded();
    await world.retire(world.founding.auditor, ana);
    return [world, await world.draftStop(world.retirement(world.founding.auditor, ben))];
  }),
  lifecycle('proposal_unknown', 'a withdrawal of what was not proposed', () =>
    stopping(() => ({ what: 'proposal', target: OTHER })),
  ),
  lifecycle('proposal_closed', 'a withdrawal of what has been released', async () => {
    const { world, release, ana } = await released();
    return [world, await world.draftStop(world.stop('proposal', release, ana))];
  }),
  stop('not_permitted', 'a machine that withdraws what was not proposed', () =>
    stopping(({ world }) => ({ what: 'proposal', target: OTHER, by: asStopper(world.founding.requester) })),
  ),
];

export const STOP: readonly BrokenRule[] = [...HEADER, ...WHO, ...WHAT];
