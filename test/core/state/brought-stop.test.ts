import { expect, test } from 'vitest';
import { toBase64url } from '../../../src/core/bytes.ts';
import { judgeBroughtStop } from '../../../src/core/state/brought-stop.ts';
import { type StatementOf, statementDigest } from '../../../src/core/statement/statement.ts';
import { chainInputOf, makeChain, shownBy } from '../../world/authority.ts';
import { Forger } from '../../world/forger.ts';
import type { World } from '../../world/world.ts';
import { failureOf, siteOf, sitesOfState } from './sites.ts';
import { published, released } from './stages.ts';

const ZEROS = '00'.repeat(32);
const OTHER = '77'.repeat(32);
const hit = new Set<string>();

async function judge(world: World, release: string, stop: StatementOf<'stop'>) {
  const authority = shownBy(makeChain(chainInputOf(world, release)), world.vault, release);
  const { body } = await world.draftStop(stop);
  return judgeBroughtStop(authority, { statement: stop, signature: body.signature });
}

async function codeOf(world: World, release: string, stop: StatementOf<'stop'>): Promise<string> {
  const failure = await failureOf(() => judge(world, release, stop));
  hit.add(siteOf(failure));
  return failure.code;
}

test('a stop of everything that was taken back before the release stops its host no more, and a new one does', async () => {
  const { world, deposit, ana, ben, cleo, dan } = await published();
  const old = world.stop('all', ZEROS, cleo);
  const unheard = world.stop('all', ZEROS, dan);
  await world.append(await world.draftStop(old));
  const resumption = world.resumption(world.facts.stopped?.at(-1)?.digest ?? '', ana);
  await world.approve(await world.propose(resumption), ana, ben);
  const release = await world.release(await world.ask(deposit), ben, cleo);
  expect(await codeOf(world, release, old)).toBe('wrong_base');
  // Dan has never been heard, so his counts although it is older.
  for (const stop of [world.stop('all', ZEROS, cleo), unheard]) {
    expect((await judge(world, release, stop)).ends?.code).toBe('vault_stopped');
  }
});

test('a stop counts where one approver had not seen it taken back: that one may be the honest one', async () => {
  const { world, deposit, ana, ben, cleo, dan } = await published();
  const old = world.stop('all', ZEROS, dan);
  const release = await world.propose((await world.ask(deposit)).statement);
  await world.approve(release, ben);
  await world.append(await world.draftStop(old));
  const resumption = world.resumption(world.facts.stopped?.at(-1)?.digest ?? '', ana);
  await world.approve(await world.propose(resumption), ana, ben);
  await world.approve(release, cleo);
  await world.append({ kind: 'release', body: { proposal: release } });
  expect((await judge(world, release, old)).ends?.code).toBe('vault_stopped');
});

test('a roster that a dishonest approver has signed silences no stop of another custodian', async () => {
  const { world, deposit, ben, cleo, dan } = await published();
  const stops = [world.stop('all', ZEROS, dan)];
  const { statement } = await world.ask(deposit);
  const release = statementDigest(statement);
  stops.push(world.stop('release', release, dan));
  const forger = new Forger(world);
  const theirs = [ben, cleo]
    .flatMap(({ authenticators }) => authenticators.map(({ credential }) => toBase64url(credential)))
    .sort();
  const first = forger.add(await world.draftProposal(statement));
  for (const [who, changes] of [
    [ben, {}],
    [cleo, { authenticators: theirs }],
  ] as const) {
    const said = { checkpoint: forger.checkpoint(), roster: forger.roster(changes) };
    forger.add(await world.draftApproval(release, who, said));
  }
  forger.add({ kind: 'release', body: { proposal: release } });
  const { authority } = {
    authority: shownBy(forger.chain([0, first, first + 1, first + 2, first + 3]), world.vault, release),
  };
  for (const statement of stops) {
    const { body } = await world.draftStop(statement);
    expect(judgeBroughtStop(authority, { statement, signature: body.signature }).ends).not.toBeNull();
  }
});

test('an authenticator that had been retired stops nothing', async () => {
  const { world, deposit, ana, ben, cleo, dan } = await published();
  const stolen = world.stop('all', ZEROS, dan);
  await world.approve(await world.propose(world.keyRetirement(dan, ana)), ben, cleo);
  const release = await world.release(await world.ask(deposit), ben, cleo);
  expect(await codeOf(world, release, stolen)).toBe('credential_retired');
});

test('a stop of one thing rests on nothing, and one of another thing does not end the release', async () => {
  const { world, release, ana } = await released();
  expect(await codeOf(world, release, world.stop('release', release, ana, { base: OTHER }))).toBe('wrong_base');
  for (const what of ['release', 'version', 'principal', 'proposal', 'authenticator'] as const) {
    expect((await judge(world, release, world.stop(what, OTHER, ana))).ends).toBeNull();
  }
});

test('a machine stops its own release and itself, and no other', async () => {
  const { world, release } = await released();
  const { requester, auditor } = world.founding;
  expect((await judge(world, release, world.stop('release', release, requester))).ends?.code).toBe('release_revoked');
  expect(await codeOf(world, release, world.stop('release', OTHER, requester))).toBe('not_permitted');
  expect(await codeOf(world, release, world.stop('release', release, auditor))).toBe('principal_unknown');
});

test('no rule of it is without a test that breaks it', () => {
  const own = sitesOfState().filter((site) => site.startsWith('state/brought-stop.ts:'));
  // What ends the release is returned, not thrown.
  const thrown = own.filter((site) => !hit.has(site));
  expect(thrown).toEqual([]);
});
