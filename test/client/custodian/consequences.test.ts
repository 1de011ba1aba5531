import { beforeAll, describe, expect, test } from 'vitest';
import { consequencesOf, releasesThatWait } from '../../../client/custodian/consequences.ts';
import { decisionsOf } from '../../../client/custodian/review.ts';
import { stopResult } from '../../../client/custodian/stop-result.ts';
import { toBase64url } from '../../../src/core/bytes.ts';
import { digestOf } from '../../../src/core/canonical.ts';
import { durabilityOf, durabilityText } from '../../../src/core/state/custody.ts';
import { isApproved } from '../../../src/core/state/lifecycle.ts';
import type { Proposal } from '../../../src/core/state/state.ts';
import { statementDigest } from '../../../src/core/statement/statement.ts';
import { type Founder, makeMachine, OUTSIDER } from '../../world/people.ts';
import { releasedWorld, World } from '../../world/world.ts';

const THREE = ['ana', 'ben', 'cleo'].map((name, i) => ({ name, index: i + 1 }));
const ZEROS = '00'.repeat(32);

/** Three custodians, two of whom must approve; ana owns the requester’s machine, cleo the depositor’s. */
describe('before the touch, in numbers:', () => {
  let world: World;
  let release: string;
  let asked: string;
  let published: string;
  beforeAll(async () => {
    const made = await releasedWorld({ founders: THREE });
    ({ world, release } = made);
    published = made.deposit.manifest;
    await world.deposit({ version: '2' });
    asked = await world.propose((await world.ask(made.deposit)).statement);
  });

  const brings = (change: Parameters<typeof consequencesOf>[1]) => {
    const { releases, proposals, revived, owners, versions } = consequencesOf(world.facts, change, world.now);
    const digests = (of: typeof releases) => of.map(({ digest }) => digest);
    return { releases: digests(releases), proposals: digests(proposals), revived: digests(revived), owners, versions };
  };
  const credentialOf = (name: string) => toBase64url(world.founder(name).authenticators[0].credential);
  const nothing = { releases: [], proposals: [], revived: [], owners: [], versions: [] };

  test('retiring one’s only key leaves no quorum for what the others’ machines ask for and have deposited', () => {
    const [ana, cleo] = ['ana', 'cleo'].map((name) => world.founder(name).person);
    expect(brings({ what: 'authenticator', credential: credentialOf('ben') })).toEqual({
      ...nothing,
      proposals: [asked],
      owners: [ana, cleo],
      versions: ['acme/ocr@2'],
    });
  });

  test('un-publishing a version, stopping everything and retiring a machine’s key end its releases and requests', () => {
    const ended = { ...nothing, releases: [release], proposals: [asked] };
    expect(brings({ what: 'version', target: published })).toEqual(ended);
    expect(brings({ what: 'all' })).toEqual(ended);
    expect(brings({ what: 'principal', key: world.founding.requester.record.key })).toEqual(ended);
    expect(brings({ what: 'principal', key: world.founding.auditor.record.key })).toEqual(nothing);
  });

  test('revoking a release, and withdrawing a proposal, end nothing else', () => {
    expect(brings({ what: 'release', target: release })).toEqual({ ...nothing, releases: [release] });
    expect(brings({ what: 'release', target: asked })).toEqual(nothing);
  });

  test('another policy overtakes what is open, itself apart', async () => {
    const fork = world.fork();
    const change = fork.policyChange({ veto: true }, fork.founder('ana'));
    const target = await fork.propose(change);
    const { proposals } = consequencesOf(fork.facts, { what: 'policy', target, document: change.document }, fork.now);
    expect(proposals.map(({ digest }) => digest)).toEqual([asked]);
    expect(target).toBe(statementDigest(change));
  });

  test('a policy that returns revives what was approved under it; a resumption, what was approved before the stop', async () => {
    const fork = world.fork();
    const [ana, ben, cleo] = ['ana', 'ben', 'cleo'].map((name) => fork.founder(name)) as [Founder, Founder, Founder];
    const earlier = fork.facts.policy.document;
    await fork.approve(asked, ben, cleo);
    expect(releasesThatWait(fork.facts, fork.now)).toEqual([]);
    const halted = { ...fork.facts, stopped: [{}] as unknown as World['facts']['stopped'] };
    expect(releasesThatWait(halted, fork.now).map(({ digest }) => digest)).toEqual([asked]);
    await fork.changePolicy({ veto: true }, ana, ana, ben);
    const { document } = fork.policyChange(earlier, ana);
    const target = await fork.propose(fork.policyChange(earlier, ana));
    const { revived, proposals } = consequencesOf(fork.facts, { what: 'policy', target, document }, fork.now);
    expect(revived.map(({ digest }) => digest)).toEqual([asked]);
    expect(revived.filter(isApproved)).toHaveLength(1);
    expect(proposals).toEqual([]);
  });

  test('the facts that it is asked of stay as they are', () => {
    expect(world.facts.authenticators.every(({ retiredAt }) => retiredAt === null)).toBe(true);
    expect(world.facts.stopped).toBeNull();
  });
});

describe('before a decision, what a denial leaves:', () => {
  const FIVE = ['ana', 'ben', 'cleo', 'dan', 'eli'].map((name, i) => ({ name, index: i + 1 }));
  const enrolment = async (founders: typeof FIVE) => {
    const world = await World.found({ founders, threshold: 2 });
    const machine = makeMachine({ role: 'requester', name: 'x', ...OUTSIDER }, world.random);
    const digest = await world.propose(world.principal(machine.record, world.founder('ana')));
    const denying = () => {
      const { person, authenticators } = world.founder('ben');
      const credential = toBase64url(authenticators[0].credential);
      return decisionsOf(world.facts, world.facts.proposals.get(digest) as Proposal, { person, credential });
    };
    return { world, digest, denying };
  };

  test('those who have approved are none of the others who still can', async () => {
    const { world, digest, denying } = await enrolment(FIVE);
    await world.approve(digest, world.founder('ana'));
    expect(denying()).toMatchObject({ isDeniedAtOnce: false, othersAfterDenial: 3, isReachableAfterDenial: true });
  });

  test('no quorum, where a lost key and the denial leave none, though the log keeps it open', async () => {
    const { world, digest, denying } = await enrolment(FIVE.slice(0, 3));
    expect(denying()).toMatchObject({ isDeniedAtOnce: false, othersAfterDenial: 2, isReachableAfterDenial: true });
    const cleo = world.founder('cleo');
    await world.append(
      await world.draftStop(world.stop('authenticator', digestOf(cleo.authenticators[0].credential), cleo)),
    );
    expect(denying()).toMatchObject({ isDeniedAtOnce: false, othersAfterDenial: 1, isReachableAfterDenial: false });
    await world.deny(digest, world.founder('ben'));
    expect(world.facts.proposals.get(digest)?.phase).toBe('open');
  });
});

describe('afterwards, as it is:', () => {
  test('a key that is retired is said to be, and that nothing takes it back', async () => {
    const { world } = await releasedWorld({ founders: THREE });
    const ben = world.founder('ben');
    const credential = ben.authenticators[0].credential;
    const stop = world.stop('authenticator', digestOf(credential), ben);
    await world.append(await world.draftStop(stop));
    const { name = '' } = world.facts.authenticators.get(toBase64url(credential)) ?? {};
    expect(stopResult(world.facts, stop)).toBe(
      `Your security key “${name}” (id ${toBase64url(credential)}) is retired. It cannot be undone. You have no other: you can no longer approve, stop or sign in. Tell the other custodians.`,
    );
    expect(stopResult(world.facts, world.stop('all', ZEROS, ben))).toContain('A quorum can resume it');
  });

  test('a version says who still holds a share, in one way, also once a key was retired', async () => {
    const { world, deposit } = await releasedWorld({ founders: THREE });
    const [ana, ben, cleo] = ['ana', 'ben', 'cleo'].map((name) => world.founder(name));
    if (ana === undefined || ben === undefined || cleo === undefined) throw new Error('three founded it');
    const now = () => {
      const version = world.facts.versions.get(deposit.manifest);
      if (version === undefined) throw new Error('it was deposited');
      const { unconfirmed, holders, without, ...rest } = durabilityOf(world.facts, version);
      const text = durabilityText({ holders: holders.length, without: without.length, threshold: 2 }, 3);
      return { ...rest, unconfirmed: unconfirmed.map(({ person }) => person), holders, without, text };
    };
    expect(now()).toEqual({
      durable: false,
      unconfirmed: [cleo.person],
      holders: [ana.person, ben.person],
      without: [],
      threshold: 2,
      text: '2 of 3 custodians have checked their share, any 2 shares open it',
    });
    await world.append(
      await world.draftStop(world.stop('authenticator', digestOf(cleo.authenticators[0].credential), cleo)),
    );
    expect(now()).toEqual({
      durable: true,
      unconfirmed: [],
      holders: [ana.person, ben.person],
      without: [cleo.person],
      threshold: 2,
      text: '2 of 3 custodians have checked their share, any 2 shares open it; 1 holds none any more',
    });
  });
});
