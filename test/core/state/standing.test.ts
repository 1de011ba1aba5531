import { describe, expect, test } from 'vitest';
import { statusLines } from '../../../client/cli/status.ts';
import { consequencesOf } from '../../../client/custodian/consequences.ts';
import { stopResult } from '../../../client/custodian/stop-result.ts';
import { toBase64url } from '../../../src/core/bytes.ts';
import { digestOf } from '../../../src/core/canonical.ts';
import type { EntryOf } from '../../../src/core/log/entry.ts';
import { currentPrincipal } from '../../../src/core/state/checks/signatures.ts';
import { heldBackBy, judgeRelease } from '../../../src/core/state/entries/release.ts';
import { requireReleasable } from '../../../src/core/state/kinds/release.ts';
import type { Overtaking } from '../../../src/core/state/overtaking.ts';
import { reachAdvice, reachOf, reachOfStatement } from '../../../src/core/state/reach.ts';
import { requireRunning } from '../../../src/core/state/running.ts';
import { servedOnceResumed, servedReleases } from '../../../src/core/state/served.ts';
import { overtakenBy, standingOf } from '../../../src/core/state/standing.ts';
import { statementDigest } from '../../../src/core/statement/statement.ts';
import type { Caller } from '../../../src/vault/sessions.ts';
import { viewProposal, viewStatus } from '../../../src/vault/views.ts';
import { statusView } from '../../../src/wire/status.ts';
import { HOUR_MS } from '../../world/founding.ts';
import { type Founder, makeMachine, OUTSIDER } from '../../world/people.ts';
import type { World } from '../../world/world.ts';
import { deposited, founded, published, released, type Stage } from './stages.ts';

const ZEROS = '00'.repeat(32);

/** A world in which a proposal, by its digest, has been overtaken. */
type Case = () => Promise<readonly [world: World, proposal: string]>;

const stopAll = async ({ world, ana }: Stage, by = ana) => {
  const stop = world.stop('all', ZEROS, by);
  await world.append(await world.draftStop(stop));
  return statementDigest(stop);
};

const CASES: Readonly<Record<Exclude<Overtaking, 'committee'>, Case>> = {
  async policy() {
    const { world, deposit, ana, ben } = await deposited();
    const open = await world.propose(world.publication(deposit));
    await world.changePolicy({ veto: true }, ana, ana, ben);
    return [world, open];
  },
  async version_published() {
    const { world, deposit, ana, ben } = await deposited();
    const [first, second] = [0, 1].map(() => world.publication(deposit));
    if (first === undefined || second === undefined) throw new Error('two were made');
    const open = await world.propose(first);
    await world.confirm(deposit, ana, ben);
    await world.approve(await world.propose(second), ana, ben);
    return [world, open];
  },
  async version_withdrawn() {
    const { world, deposit, ana } = await published();
    const open = await world.propose((await world.ask(deposit)).statement);
    await world.append(await world.draftStop(world.stop('version', deposit.manifest, ana)));
    return [world, open];
  },
  async machine_enrolled() {
    const { world, ana, ben } = await founded();
    const machine = makeMachine({ role: 'requester', name: 'new', ...OUTSIDER }, world.random);
    const open = await world.propose(world.principal(machine.record, ana));
    await world.approve(await world.propose(world.principal(machine.record, ben)), ana, ben);
    return [world, open];
  },
  async name_taken() {
    const { world, ana, ben } = await founded();
    const [first, second] = ['7', '8'].map((digit) => {
      const owner = digit.repeat(32);
      return makeMachine({ role: 'requester', name: 'new', owner, ownerName: 'Mia' }, world.random).record;
    });
    if (first === undefined || second === undefined) throw new Error('two were made');
    const open = await world.propose(world.principal(first, ana));
    await world.approve(await world.propose(world.principal(second, ben)), ana, ben);
    return [world, open];
  },
  async no_other_policy() {
    const { world, ana, cleo } = await founded();
    const open = await world.propose(world.policyChange({ groups: ['security'] }, ana));
    await world.append(
      await world.draftStop(world.stop('authenticator', digestOf(cleo.authenticators[0].credential), cleo)),
    );
    return [world, open];
  },
  async machine_retired() {
    const { world, deposit, ana } = await published();
    const open = await world.propose((await world.ask(deposit)).statement);
    await world.retire(world.founding.requester, ana);
    return [world, open];
  },
  async key_retired() {
    const { world, ana, ben } = await founded();
    const open = await world.propose(world.keyRetirement(ben, ana));
    await world.append(
      await world.draftStop(world.stop('authenticator', digestOf(ben.authenticators[0].credential), ben)),
    );
    return [world, open];
  },
  async stopped_again() {
    const stage = await founded();
    const open = await stage.world.propose(stage.world.resumption(await stopAll(stage), stage.ana));
    await stopAll(stage, stage.ben);
    return [stage.world, open];
  },
  async resumed() {
    const stage = await founded();
    const { world, ana, ben } = stage;
    const stop = await stopAll(stage);
    const open = await world.propose(world.resumption(stop, ana));
    await world.approve(await world.propose(world.resumption(stop, ben)), ana, ben);
    return [world, open];
  },
  async clock_moved() {
    const { world, ana, ben, dan } = await published();
    const truth = world.now;
    world.now += 30 * 24 * HOUR_MS;
    await world.propose(world.policyChange({ veto: true }, ana));
    world.now = truth + 60_000;
    const open = await world.propose(world.clockCorrection(ana));
    await world.approve(await world.propose(world.clockCorrection(ana)), ben, dan);
    return [world, open];
  },
};

describe('a proposal that has been overtaken is closed, with its reason:', () => {
  test.each(Object.entries(CASES))('%s', async (reason, make) => {
    const [world, digest] = await make();
    const { facts } = world;
    const proposal = facts.proposals.get(digest);
    if (proposal === undefined) throw new Error('it was proposed');
    expect(proposal.phase).toBe('open');
    expect(overtakenBy(facts, proposal.statement)).toBe(reason);
    expect(standingOf(facts, proposal, world.now)).toBe('overtaken');
    expect(standingOf(facts, proposal, proposal.statement.expires + 1)).toBe('expired');
  });

  test('and one that nothing has overtaken is open', async () => {
    const { world, deposit } = await deposited();
    const open = await world.propose(world.publication(deposit));
    const proposal = world.facts.proposals.get(open);
    expect(proposal && standingOf(world.facts, proposal, world.now)).toBe('open');
  });
});

describe('who can approve', () => {
  test('is said with the reason of each who cannot, and stays so once a key is retired', async () => {
    const { world, deposit, ana, ben, cleo, dan } = await deposited();
    const publication = world.publication(deposit);
    const owner = dan.person;
    expect(reachOfStatement(world.facts, publication)).toEqual({
      threshold: 2,
      members: 4,
      able: [ana, ben, cleo].map(({ person }) => person),
      barred: [{ person: owner, why: 'depositor_owner' }],
      groups: [],
      reachable: true,
      remedies: [],
    });
    const open = await world.propose(publication);
    await world.confirm(deposit, ana);
    await world.approve(open, ana);
    for (const who of [ana, ben]) {
      await world.append(
        await world.draftStop(world.stop('authenticator', digestOf(who.authenticators[0].credential), who)),
      );
    }
    const { votes = [] } = world.facts.proposals.get(open) ?? {};
    expect(reachOfStatement(world.facts, publication, votes)).toMatchObject({
      able: [cleo.person],
      barred: [
        { person: ana.person, why: 'vote_lapsed' },
        { person: ben.person, why: 'no_key' },
        { person: owner, why: 'depositor_owner' },
      ],
      reachable: false,
    });
  });

  test('must have one of each group that policy asks for', async () => {
    const { world, ana } = await deposited();
    const policy = { ...world.facts.policy, document: { ...world.facts.policy.document, groups: ['nowhere'] } };
    const reach = reachOf({ ...world.facts, policy }, [{ person: ana.person, why: 'asked' }]);
    expect(reach).toMatchObject({ groups: ['nowhere'], reachable: false });
    expect(reach.able).toHaveLength(3);
  });
});

/** Of four custodians, two must approve; dan’s machine deposits, and ana’s asks. */
describe('the advice where no quorum is reachable is true for its cause:', () => {
  const retired = async (world: World, ...founders: readonly Founder[]) => {
    for (const who of founders) {
      const stop = world.stop('authenticator', digestOf(who.authenticators[0].credential), who);
      await world.append(await world.draftStop(stop));
    }
  };
  const adviceOn = (world: World, digest: string) => {
    const proposal = world.facts.proposals.get(digest);
    if (proposal === undefined) throw new Error('it was proposed');
    const reach = reachOfStatement(world.facts, proposal.statement, proposal.votes);
    expect(reach).toMatchObject({ reachable: false });
    return [reach.remedies, reachAdvice(reach)] as const;
  };
  const machineOf = ({ person, name }: Founder, world: World) =>
    makeMachine({ role: 'requester', name: 'new', owner: person, ownerName: name }, world.random).record;

  test('who asked has no vote: a machine asks whose owner has none anyway', async () => {
    const { world, deposit, ben, cleo } = await published();
    const digest = await world.propose((await world.ask(deposit)).statement);
    await retired(world, ben, cleo);
    expect(adviceOn(world, digest)).toEqual([
      ['asked'],
      expect.stringMatching(/^let a machine ask for it whose owner/),
    ]);
  });

  test('who owns the depositor has none: it is deposited anew', async () => {
    const { world, deposit, ben, cleo } = await deposited();
    const digest = await world.propose(world.publication(deposit));
    await retired(world, ben, cleo);
    expect(adviceOn(world, digest)).toEqual([['depositor_owner'], expect.stringMatching(/^let a machine deposit it/)]);
  });

  test('who would own the machine has none: another owns it', async () => {
    const { world, ana, ben, cleo } = await founded();
    const digest = await world.propose(world.principal(machineOf(ana, world), ben));
    await retired(world, ben, cleo);
    expect(adviceOn(world, digest)).toEqual([
      ['machine_owner'],
      expect.stringMatching(/have an owner who is no custod/),
    ]);
    const others = makeMachine({ role: 'requester', name: 'new', ...OUTSIDER }, world.random).record;
    expect(reachOfStatement(world.facts, world.principal(others, ana))).toMatchObject({
      reachable: true,
      remedies: [],
    });
  });

  test('whose key it is has none: they retire it alone, which needs no quorum', async () => {
    const { world, ana, ben, cleo, dan } = await founded();
    const digest = await world.propose(world.keyRetirement(ana, ben));
    await retired(world, cleo, dan);
    expect(adviceOn(world, digest)).toEqual([['key_owner'], expect.stringMatching(/^let its owner retire it/)]);
  });

  test('some have denied it, and others have no key: it is asked for anew', async () => {
    const { world, ana, ben, cleo, dan } = await founded();
    const others = makeMachine({ role: 'requester', name: 'new', ...OUTSIDER }, world.random).record;
    const digest = await world.propose(world.principal(others, ana));
    await world.deny(digest, ben);
    await retired(world, cleo, dan);
    expect(adviceOn(world, digest)).toEqual([['denied'], expect.stringMatching(/^ask for it anew: those who denied/)]);
    const anew = await world.propose(world.principal({ ...others }, ben));
    await world.approve(anew, ana, ben);
    expect(world.facts.proposals.get(anew)?.phase).toBe('executed');
  });

  test('a denial with a key that was retired since is a denial, and nobody who has no key can return', async () => {
    const { world, ana, ben, cleo, dan } = await founded();
    const others = makeMachine({ role: 'requester', name: 'new', ...OUTSIDER }, world.random).record;
    const digest = await world.propose(world.principal(others, ana));
    await world.deny(digest, ben);
    // The fold lets nobody retire what leaves too few: these left before it counted.
    const without = [ben, cleo, dan].map(({ person }) => person);
    const authenticators = world.facts.authenticators.map((one) =>
      without.includes(one.person) ? { ...one, retiredAt: 1 } : one,
    );
    const { statement, votes } = world.facts.proposals.get(digest) ?? {};
    if (statement === undefined) throw new Error('it was proposed');
    const reach = reachOfStatement({ ...world.facts, authenticators }, statement, votes);
    expect(reach.barred).toContainEqual({ person: ben.person, why: 'denied' });
    expect(reachAdvice(reach)).toBe(
      'security keys that are retired never return, so no quorum of this vault can approve it',
    );
  });
});

describe('the vault at a glance', () => {
  const auditor = { role: 'auditor', key: 'x' } as unknown as Caller;
  const glance = ({ facts, log, now }: World, caller = auditor) =>
    viewStatus(facts, caller, log.length, { overMs: now, clock: 'confirmed', fault: null });

  test('names each open proposal that no quorum can approve, and why, as a document and in words', async () => {
    const { world, deposit, ana, ben, cleo, dan } = await published();
    const digest = await world.propose((await world.ask(deposit)).statement);
    expect(glance(world)).toMatchObject({ open: 1, outOfReach: [] });
    for (const who of [ben, cleo]) {
      const stop = world.stop('authenticator', digestOf(who.authenticators[0].credential), who);
      await world.append(await world.draftStop(stop));
    }
    const reach = { reachable: false, able: [{ person: dan.person }], remedies: ['asked'] };
    const view = glance(world);
    expect(view).toMatchObject({ open: 1, outOfReach: [{ digest, kind: 'release', reach }] });
    expect(statusView.parse(view).outOfReach).toHaveLength(1);
    const line = `             no quorum can approve ${digest.slice(0, 16)}: 2 of 4 custodians must approve, and 1 can: `;
    expect(statusLines({ ...view, open: 1 })).toContainEqual(
      expect.stringMatching(/^proposals {4}1 open, which twinlock proposals lists, /),
    );
    expect(statusLines(view).find((one) => one.startsWith(line))).toContain(`“ana”, custodian, id ${ana.person}, asks`);
    // A requester is told of its own alone.
    expect(glance(world, { role: 'requester', key: 'other' } as unknown as Caller).outOfReach).toEqual([]);
  });

  test('tells of a fault in the log, by its code and entry, and what to do', async () => {
    const { world } = await published();
    const view = { ...glance(world), fault: { code: 'signature_invalid', entry: 7 } };
    expect(statusView.parse(view).fault).toEqual({ code: 'signature_invalid', entry: 7 });
    expect(statusLines(view)).toContainEqual(
      expect.stringMatching(/^FAULT {8}the vault says .* in entry 7 \(signature_invalid\): .*twinlock audit/),
    );
    expect(statusLines(glance(world)).some((line) => line.startsWith('FAULT'))).toBe(false);
  });

  test('counts no release as in force while a stop keeps it from being served', async () => {
    const { world, ana, release } = await released();
    expect([glance(world).leases, servedOnceResumed(world.facts, world.now)]).toMatchObject([1, [{ digest: release }]]);
    await world.append(await world.draftStop(world.stop('all', ZEROS, ana)));
    expect([glance(world).leases, servedReleases(world.facts, world.now)]).toEqual([0, []]);
    expect(servedOnceResumed(world.facts, world.now)).toMatchObject([{ digest: release }]);
  });
});

test('a release that has its quorum waits for a resumption and for the day’s budget', async () => {
  const { world, asked, ana } = await released();
  const { statement } = asked;
  expect(heldBackBy(world.facts, statement, world.now)).toBeNull();
  const limits = { ...world.facts.policy.document.limits, bytesPerDay: statement.bytes };
  const policy = { ...world.facts.policy, document: { ...world.facts.policy.document, limits } };
  expect(heldBackBy({ ...world.facts, policy }, statement, world.now)).toBe('budget');
  expect(heldBackBy({ ...world.facts, policy }, statement, world.now + 25 * HOUR_MS)).toBeNull();
  await world.append(await world.draftStop(world.stop('all', ZEROS, ana)));
  expect(heldBackBy(world.facts, statement, world.now)).toBe('stop');
});

describe('an approved release whose approver’s key was retired since', () => {
  const approved = async () => {
    const stage = await published();
    const { world, deposit, ben, cleo } = stage;
    const digest = await world.propose((await world.ask(deposit)).statement);
    await world.approve(digest, ben, cleo);
    const now = () => {
      const proposal = world.facts.proposals.get(digest);
      if (proposal === undefined) throw new Error('it was proposed');
      return { view: viewProposal(world.facts, proposal, world.now), phase: proposal.phase };
    };
    const retire = async (...founders: readonly Founder[]) => {
      for (const { authenticators, ...who } of founders) {
        const target = digestOf(authenticators[0].credential);
        await world.append(await world.draftStop(world.stop('authenticator', target, { authenticators, ...who })));
      }
    };
    return { ...stage, digest, now, retire };
  };

  test('is open again, and another who approves makes it approved', async () => {
    const { world, ben, dan, digest, now, retire } = await approved();
    expect(now().view).toMatchObject({ standing: 'approved', wanting: 0, reach: null });
    await retire(ben);
    expect(now().phase).toBe('approved');
    expect(now().view).toMatchObject({ standing: 'open', wanting: 1, reach: { reachable: true } });
    await world.approve(digest, dan);
    expect(now().view).toMatchObject({ standing: 'approved', wanting: 0 });
  });

  test('is out of reach where nobody is left who could, and was said to be lost before', async () => {
    const { world, ben, dan, digest, now, retire } = await approved();
    await retire(dan);
    const change = { what: 'authenticator', credential: toBase64url(ben.authenticators[0].credential) } as const;
    expect(consequencesOf(world.facts, change, world.now).proposals.map((lost) => lost.digest)).toEqual([digest]);
    await retire(ben);
    expect(now().view).toMatchObject({ standing: 'open', wanting: 1, reach: { reachable: false } });
  });
});

describe('what is refused says what it waits for:', () => {
  test('a release before its publication is approved', async () => {
    const { world, deposit, ben, ana } = await deposited();
    const { statement } = await world.ask(deposit);
    expect(() => requireReleasable(world.facts, statement)).toThrow(/evaluation only: publish it first$/);
    const digest = await world.propose(world.publication(deposit));
    const waits = (more: string) => `its publication (digest ${digest}) waits for ${more}: custodians approve it`;
    expect(() => requireReleasable(world.facts, statement)).toThrow(waits('2 more approvals'));
    await world.confirm(deposit, ben);
    await world.approve(digest, ben);
    expect(() => requireReleasable(world.facts, statement)).toThrow(waits('1 more approval'));
    await world.changePolicy({ veto: true }, ana, ana, ben);
    expect(() => requireReleasable(world.facts, statement)).toThrow(/evaluation only: publish it first$/);
  });

  test('a release before its own quorum', async () => {
    const { world, deposit, ben } = await published();
    const proposal = await world.propose((await world.ask(deposit)).statement);
    await world.approve(proposal, ben);
    const entry = { kind: 'release', time: world.now, body: { proposal } } as unknown as EntryOf<'release'>;
    expect(() => judgeRelease(world.facts, entry)).toThrow(/^1 more approval wanted$/);
  });

  test('a vault that is stopped, and a key that is not enrolled', async () => {
    const stage = await founded();
    await stopAll(stage);
    const { facts } = stage.world;
    expect(() => requireRunning(facts)).toThrow(/a quorum must resume it first, .* in the console, under Propose$/);
    expect(() => currentPrincipal(facts, 'ed25519:none')).toThrow(
      /not enrolled, or its proposal waits for approvals: /,
    );
  });
});

test('a request that was stopped before it was released is withdrawn, and one that was released is revoked', async () => {
  const stopped = async ({ world }: Stage, digest: string) => {
    const stop = world.stop('release', digest, world.founding.requester);
    await world.append(await world.draftStop(stop));
    const proposal = world.facts.proposals.get(digest);
    return [proposal?.phase, proposal && standingOf(world.facts, proposal, world.now), stopResult(world.facts, stop)];
  };
  const before = await published();
  const asked = await before.world.propose((await before.world.ask(before.deposit)).statement);
  expect(await stopped(before, asked)).toEqual([
    'withdrawn',
    'withdrawn',
    expect.stringMatching(/^The request is withdrawn/),
  ]);
  const after = await released();
  expect(await stopped(after, after.release)).toEqual([
    'revoked',
    'revoked',
    expect.stringMatching(/^The release is revoked/),
  ]);
});
