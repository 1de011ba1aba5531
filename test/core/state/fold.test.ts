import { Set as PersistentSet } from 'immutable';
import { describe, expect, test } from 'vitest';
import { NO_REFERENCE_VALUES } from '../../../src/core/attest/reference-values.ts';
import { toBase64url } from '../../../src/core/bytes.ts';
import { digestOf } from '../../../src/core/canonical.ts';
import { openCustodianShare } from '../../../src/core/envelope/custodian-share.ts';
import { parseEntry } from '../../../src/core/log/entry.ts';
import { leafHash, rootOf } from '../../../src/core/log/merkle.ts';
import { apply, objectsNamed } from '../../../src/core/state/apply.ts';
import { checkGenesisStatement } from '../../../src/core/state/entries/genesis.ts';
import type { State } from '../../../src/core/state/state.ts';
import { statementDigest } from '../../../src/core/statement/statement.ts';
import { HOUR_MS, POLICY } from '../../world/founding.ts';
import { dischargeClaim } from '../../world/log.ts';
import { type Founder, makeMachine, OUTSIDER } from '../../world/people.ts';
import { asProposer, publishedWorld, releasedWorld, World } from '../../world/world.ts';
import { deposited, founded, inProduction, published, released, type Stage } from './stages.ts';

const OTHER = '77'.repeat(32);
const ZEROS = '00'.repeat(32);

describe('the story', () => {
  test('replays from its bytes and the objects that it names alone', async () => {
    const { world } = await released();
    let state: State | null = null;
    for (const bytes of world.log) {
      const named = objectsNamed(parseEntry(bytes)).map((name) => [name, world.objects.get(name) ?? new Uint8Array()]);
      const applied = apply(state, bytes, new Map(named as [string, Uint8Array][]));
      for (const claim of applied.claims) await dischargeClaim(claim);
      state = applied.state;
    }
    expect(JSON.stringify(state?.chain)).toBe(JSON.stringify(world.state.chain));
    expect(state?.facts.proposals.toJS()).toEqual(world.facts.proposals.toJS());
    expect(world.state.chain.recent.last()?.root).toBe(Buffer.from(rootOf(world.log.map(leafHash))).toString('hex'));
  });

  test('is the same bytes whenever it is told', async () => {
    const [one, two] = [await releasedWorld({ label: 'twice' }), await releasedWorld({ label: 'twice' })];
    expect(one.world.log).toEqual(two.world.log);
  });

  test('of a production vault needs attested authenticators and goes as far as publication', async () => {
    const { world, deposit } = await inProduction();
    expect(world.facts.versions.get(deposit.manifest)?.phase).toBe('releasable');
  });

  test('seals every envelope so that its authenticator opens it', async () => {
    const { world, deposit, ana } = await deposited();
    const bound = { vault: world.vault, manifest: deposit.manifest, epoch: 1 };
    for (const { keys, credential } of ana.authenticators) {
      const envelope = deposit.envelopes.find(({ name }) => name.credential === toBase64url(credential));
      const share = await openCustodianShare(bound, ana.index, keys.kem, envelope?.sealed ?? new Uint8Array());
      expect(share).toEqual(deposit.shares.find(({ index }) => index === ana.index));
    }
  });

  test('shows founders the same genesis before they sign as after', async () => {
    const { world } = await founded();
    const { statement } = world.founding;
    const checked = checkGenesisStatement(statement, world.objects, statement.created);
    expect(checked.policy).toEqual(world.facts.policy.document);
    expect(checked.authenticators.map((a) => world.facts.authenticators.get(a.credential))).toEqual(
      checked.authenticators,
    );
  });
});

describe('a proposal', () => {
  const phaseOf = (world: World, digest: string) => world.facts.proposals.get(digest)?.phase;

  test('takes effect with the last approval that its quorum needs, not before', async () => {
    const { world, ana, ben } = await founded();
    const { record } = makeMachine({ role: 'auditor', name: 'x', ...OUTSIDER }, world.random);
    const proposal = await world.propose(world.principal(record, ana));
    await world.approve(proposal, ana);
    expect([phaseOf(world, proposal), world.facts.principals.has(record.key)]).toEqual(['open', false]);
    await world.approve(proposal, ben);
    expect([phaseOf(world, proposal), world.facts.principals.has(record.key)]).toEqual(['executed', true]);
  });

  test('of a release is approved, and executed only by an entry of its own', async () => {
    const { world, deposit, ben, cleo } = await published();
    const proposal = await world.propose((await world.ask(deposit)).statement);
    await world.approve(proposal, ben, cleo);
    expect(phaseOf(world, proposal)).toBe('approved');
    await world.append({ kind: 'release', body: { proposal } });
    expect(phaseOf(world, proposal)).toBe('executed');
  });

  test('is denied as soon as its quorum can no longer be reached', async () => {
    const { world, deposit, ben, cleo } = await published();
    const proposal = await world.propose((await world.ask(deposit)).statement);
    await world.deny(proposal, ben);
    expect(phaseOf(world, proposal)).toBe('open');
    await world.deny(proposal, cleo);
    expect(phaseOf(world, proposal)).toBe('denied');
  });

  test('of a release is denied by one where policy gives a veto, even when it has been approved', async () => {
    const { world, deposit } = await publishedWorld({ policy: { veto: true } });
    const [ben, cleo, dan] = ['ben', 'cleo', 'dan'].map((name) => world.founder(name));
    if (ben === undefined || cleo === undefined || dan === undefined) throw new Error('founders');
    const proposal = await world.propose((await world.ask(deposit)).statement);
    await world.approve(proposal, ben, cleo);
    await world.deny(proposal, dan);
    expect(phaseOf(world, proposal)).toBe('denied');
  });

  test('is not vetoed where it is no release', async () => {
    const world = await World.found({ policy: { veto: true } });
    const { record } = makeMachine({ role: 'auditor', name: 'x', ...OUTSIDER }, world.random);
    const proposal = await world.propose(world.principal(record, world.founder('ana')));
    await world.deny(proposal, world.founder('ben'));
    expect(phaseOf(world, proposal)).toBe('open');
  });

  test('expires with an entry that says so', async () => {
    const { world, deposit } = await published();
    const proposal = await world.propose((await world.ask(deposit)).statement);
    world.now += 2 * HOUR_MS;
    await world.append({ kind: 'expiry', body: { proposal } });
    expect(phaseOf(world, proposal)).toBe('expired');
  });

  test('does not take effect with the vote of an authenticator retired since', async () => {
    const { world, ana, ben, cleo } = await founded();
    const { record } = makeMachine({ role: 'auditor', name: 'x', ...OUTSIDER }, world.random);
    const proposal = await world.propose(world.principal(record, ana));
    await world.approve(proposal, ben);
    const target = digestOf(ben.authenticators[0].credential);
    await world.append(await world.draftStop(world.stop('authenticator', target, ben)));
    await world.approve(proposal, ana);
    expect(phaseOf(world, proposal)).toBe('open');
    await world.approve(proposal, cleo);
    expect(phaseOf(world, proposal)).toBe('executed');
  });

  test('is withdrawn by its proposer, and by the owner of the machine that made it', async () => {
    const { world, deposit, ana } = await published();
    for (const by of [world.founding.requester, ana]) {
      const proposal = await world.propose((await world.ask(deposit)).statement);
      await world.append(await world.draftStop(world.stop('proposal', proposal, by)));
      expect(phaseOf(world, proposal)).toBe('withdrawn');
    }
  });
});

describe('a policy', () => {
  const VETO = { veto: true };

  test('changes with its quorum, the proposer among them, and not before', async () => {
    const { world, ana, ben } = await founded();
    const before = world.facts.policy;
    const statement = world.policyChange(VETO, ana);
    const digest = await world.propose(statement);
    await world.approve(digest, ana);
    expect(world.facts.policy).toBe(before);
    await world.approve(digest, ben);
    expect(world.facts.policy).toEqual({ digest: statement.document, document: { ...before.document, ...VETO } });
    expect(world.facts.proposals.get(digest)?.phase).toBe('executed');
  });

  test('that is denied leaves the old one in force', async () => {
    const { world, ana, ben, cleo, dan } = await founded();
    const before = world.facts.policy;
    await world.deny(await world.propose(world.policyChange(VETO, ana)), ben, cleo, dan);
    expect(world.facts.policy).toBe(before);
  });

  test('counts from the next statement on: a veto, a group, the images that may run', async () => {
    const { world, deposit, ana, ben, cleo } = await published();
    const referenceValues = {
      ...NO_REFERENCE_VALUES,
      simulated: { platform: 'simulated' as const, measurements: [OTHER] },
    };
    await world.changePolicy({ ...VETO, groups: ['research'], referenceValues }, ana, ana, cleo);
    const refused = await world.ask(deposit);
    await expect(world.propose(refused.statement)).rejects.toThrow(
      expect.objectContaining({ code: 'appraisal_failed' }),
    );
    const [first, second] = [
      await world.ask(deposit, { measurement: OTHER }),
      await world.ask(deposit, { measurement: OTHER }),
    ];
    const denied = await world.propose(first.statement);
    await world.deny(denied, cleo);
    expect(world.facts.proposals.get(denied)?.phase).toBe('denied');
    const digest = await world.propose(second.statement);
    await world.approve(digest, cleo);
    await world.approve(digest, ben);
    expect(world.facts.proposals.get(digest)?.phase).toBe('approved');
  });

  test('that comes back makes what was proposed under it current again, and its changes as well', async () => {
    const { world, ana, ben, cleo } = await founded();
    const { document: first } = world.facts.policy;
    const slow = world.policyChange({ groups: ['security'] }, ana);
    const digest = await world.propose(slow);
    await world.approve(digest, ana);
    await world.changePolicy(VETO, ben, ben, cleo);
    await world.changePolicy(first, ben, ben, cleo);
    expect(world.facts.policy.document).toEqual(first);
    await world.approve(digest, ben);
    expect(world.facts.policy.digest).toBe(slow.document);
  });

  const limiting = (world: World, hosts: number, by: Founder) =>
    world.policyChange({ limits: { ...POLICY.limits, hosts } }, by);

  test.each<[string, (stage: Stage, digest: string) => Promise<unknown>]>([
    ['executed', ({ world, ana, ben }, digest) => world.approve(digest, ana, ben)],
    ['denied', ({ world, ben, cleo, dan }, digest) => world.deny(digest, ben, cleo, dan)],
    [
      'withdrawn',
      async ({ world, ana }, digest) => world.append(await world.draftStop(world.stop('proposal', digest, ana))),
    ],
    [
      'expired',
      ({ world }, digest) => {
        world.now += 24 * HOUR_MS;
        return world.append({ kind: 'expiry', body: { proposal: digest } });
      },
    ],
  ])('is kept while its proposal is open, not once that is %s', async (phase, close) => {
    const stage = await founded();
    const { world, ana } = stage;
    const digest = await world.propose(limiting(world, 1, ana));
    // The same document: what becomes of the one proposal is nothing to the other.
    const other = await world.propose(limiting(world, 1, stage.ben));
    expect(world.facts.proposedPolicies.keySeq().toSet()).toEqual(PersistentSet([digest, other]));
    await close(stage, digest);
    expect(world.facts.proposals.get(digest)?.phase).toBe(phase);
    expect(world.facts.proposedPolicies.keySeq().toArray()).toEqual([other]);
  });

  test('may be proposed four times at once by each person, and again when one is closed', async () => {
    const { world, ana, ben } = await founded();
    const digests: string[] = [];
    for (const hosts of [1, 2, 3, 4]) digests.push(await world.propose(limiting(world, hosts, ana)));
    await world.propose(limiting(world, 5, ben));
    await world.append(await world.draftStop(world.stop('proposal', digests[0] as string, ana)));
    await world.propose(limiting(world, 5, ana));
    expect(world.facts.proposedPolicies.size).toBe(5);
  });

  test('changes while the vault is stopped: that releases nothing', async () => {
    const { world, ana, ben } = await founded();
    await world.append(await world.draftStop(world.stop('all', ZEROS, ana)));
    await world.changePolicy(VETO, ana, ana, ben);
    expect(world.facts.policy.document.veto).toBe(true);
  });
});

describe('a stolen authenticator', () => {
  test('is retired by t others, also after the thief has retired its owner’s other key; its vote counts no more', async () => {
    const { world, ana, ben, cleo } = await founded();
    const [stolen, other] = ana.authenticators;
    const target = digestOf(other?.credential ?? new Uint8Array());
    await world.append(await world.draftStop(world.stop('authenticator', target, ana)));
    const { record } = makeMachine({ role: 'auditor', name: 'x', ...OUTSIDER }, world.random);
    const enrolment = await world.propose(world.principal(record, ben));
    await world.approve(enrolment, ana);
    const retirement = await world.propose(world.keyRetirement(ana, ben));
    await world.approve(retirement, ben);
    expect(world.facts.authenticators.get(toBase64url(stolen.credential))?.retiredAt).toBeNull();
    await world.approve(retirement, cleo);
    const index = world.log.length - 1;
    expect(world.facts.authenticators.get(toBase64url(stolen.credential))?.retiredAt).toBe(index);
    // The thief's approval is of a key that is gone: two others are wanted.
    await world.approve(enrolment, ben);
    expect(world.facts.proposals.get(enrolment)?.phase).toBe('open');
    await world.approve(enrolment, cleo);
    expect(world.facts.proposals.get(enrolment)?.phase).toBe('executed');
  });

  test('leaves a vault that can still decide, however few there were', async () => {
    const { world, ana, ben, cleo, dan } = await founded();
    for (const of of [dan, cleo]) await world.approve(await world.propose(world.keyRetirement(of, ana)), ana, ben);
    expect(world.facts.authenticators.count(({ retiredAt }) => retiredAt === null)).toBe(3);
    await world.changePolicy({ veto: true }, ana, ana, ben);
    // Of three, two and their quorum of two: no quorum is left to retire either.
    const refused = expect.objectContaining({ code: 'quorum_unreachable' });
    await expect(world.propose(world.keyRetirement(ben, ana))).rejects.toThrow(refused);
    const target = digestOf(ben.authenticators[0].credential);
    await expect(world.append(await world.draftStop(world.stop('authenticator', target, ben)))).rejects.toThrow(
      refused,
    );
  });
});

describe('a machine’s key', () => {
  test('is retired by any custodian, and by itself, and cannot return', async () => {
    const { world, ben } = await founded();
    const { auditor, requester } = world.founding;
    expect(world.facts.principals.get(auditor.record.key)?.retiredAt).toBe(null);
    await world.retire(auditor, ben);
    await world.retire(requester, requester);
    expect(world.facts.principals.get(auditor.record.key)?.retiredAt).toBe(1);
    expect(world.facts.principals.get(requester.record.key)?.retiredAt).toBe(2);
  });
});

describe('a version', () => {
  test('in quarantine is released for evaluation, and its receipt lets it be published', async () => {
    const world = await World.found({ policy: { publication: { evaluation: true, modelSignature: true } } });
    const deposit = await world.deposit();
    const [ana, ben, cleo] = [world.founder('ana'), world.founder('ben'), world.founder('cleo')];
    const asked = await world.ask(deposit, { purpose: 'evaluation' });
    const evaluation = await world.release(asked, ben, cleo);
    await world.append(world.draftHostReceipt(asked, { evaluation: OTHER, modelSignature: OTHER }));
    await world.confirm(deposit, ana, ben);
    const publication = world.publication(deposit, { evaluation, proposer: asProposer(cleo) });
    await world.approve(await world.propose(publication), ana, ben);
    expect(world.facts.versions.get(deposit.manifest)?.phase).toBe('releasable');
  });

  test('is withdrawn by one custodian, for ever', async () => {
    const { world, deposit, cleo } = await published();
    await world.append(await world.draftStop(world.stop('version', deposit.manifest, cleo)));
    expect(world.facts.versions.get(deposit.manifest)?.phase).toBe('withdrawn');
  });

  test('remembers who has checked their share, and with which authenticator', async () => {
    const { world, deposit, ana } = await deposited();
    for (const by of ana.authenticators) await world.append(world.draftCustody(deposit, ana, by));
    const confirmed = world.facts.versions.get(deposit.manifest)?.confirmed;
    expect(confirmed).toEqual(ana.authenticators.map(({ credential }) => toBase64url(credential)));
  });
});

describe('a vault', () => {
  test('is stopped by one and resumed by a quorum only', async () => {
    const { world, deposit, ana, ben, cleo } = await published();
    const stop = world.stop('all', ZEROS, cleo);
    await world.append(await world.draftStop(stop));
    expect(world.facts.stopped).toMatchObject([{ digest: statementDigest(stop), name: 'cleo', reason: 'a test' }]);
    const resumption = await world.propose(world.resumption(statementDigest(stop), ana));
    await world.approve(resumption, ana);
    expect(world.facts.stopped).not.toBeNull();
    await world.approve(resumption, ben);
    expect(world.facts.stopped).toBeNull();
    await world.release(await world.ask(deposit), ben, cleo);
  });

  test('is stopped by a message that two days and a wrong clock have made old', async () => {
    for (const created of [0, 2 ** 53 - 1]) {
      const { world, cleo } = await founded();
      const draft = await world.draftStop(world.stop('all', ZEROS, cleo, { created }));
      world.now += 48 * HOUR_MS;
      await world.append({ kind: 'heartbeat', body: {} });
      await world.append(draft);
      expect(world.facts.stopped).toMatchObject([{ name: 'cleo', created }]);
    }
  });

  test('that is stopped takes another person’s stop too, and is resumed from the last', async () => {
    const { world, ana, ben, cleo, dan } = await founded();
    await world.append(await world.draftStop(world.stop('all', ZEROS, cleo)));
    const first = world.facts.stopped?.[0].digest ?? '';
    const early = await world.propose(world.resumption(first, ana));
    await world.approve(early, ana);
    await world.append(await world.draftStop(world.stop('all', ZEROS, dan, { reason: 'what I saw' })));
    expect(world.facts.stopped?.map(({ name, reason }) => [name, reason])).toEqual([
      ['cleo', 'a test'],
      ['dan', 'what I saw'],
    ]);
    // Those who approved the resumption of the first did not know of the second.
    await expect(world.approve(early, ben)).rejects.toThrow(expect.objectContaining({ code: 'stop_unknown' }));
    const second = world.facts.stopped?.[1]?.digest ?? '';
    await world.approve(await world.propose(world.resumption(second, ana)), ana, ben);
    expect(world.facts.stopped).toBeNull();
    expect(world.facts.resumptions).toHaveLength(2);
  });

  test('heeds a stop that was not known when it was resumed, on any resumption that it rests on', async () => {
    const { world, ana, ben, cleo, dan } = await founded();
    const heldBack = await world.draftStop(world.stop('all', ZEROS, dan));
    for (let i = 0; i < 2; i++) {
      await world.append(await world.draftStop(world.stop('all', ZEROS, cleo)));
      const digest = world.facts.stopped?.at(-1)?.digest ?? '';
      await world.approve(await world.propose(world.resumption(digest, ana)), ana, ben);
    }
    await world.append(heldBack);
    expect(world.facts.stopped).toMatchObject([{ name: 'dan' }]);
  });

  test('takes custody, enrolments and publications while it is stopped', async () => {
    const { world, deposit, ana, ben } = await deposited();
    await world.append(await world.draftStop(world.stop('all', ZEROS, ben)));
    await world.publish(deposit, ana, ben);
    expect(world.facts.versions.get(deposit.manifest)?.phase).toBe('releasable');
  });

  test('counts the bytes of a day, and forgets those of the day before', async () => {
    const limits = { ...POLICY.limits, bytesPerDay: '1000000' };
    const { world, deposit } = await publishedWorld({ policy: { limits } });
    const [ben, cleo] = [world.founder('ben'), world.founder('cleo')];
    await world.release(await world.ask(deposit), ben, cleo);
    world.now += 24 * HOUR_MS;
    await world.append({ kind: 'heartbeat', body: {} });
    await world.release(await world.ask(deposit), ben, cleo);
    // An entry may yet be dated five minutes back: the first counts for that one.
    expect(world.facts.granted.size).toBe(2);
    world.now += 25 * HOUR_MS;
    await world.append({ kind: 'heartbeat', body: {} });
    await world.release(await world.ask(deposit), ben, cleo);
    expect(world.facts.granted.size).toBe(1);
  });

  test('keeps what it turned away for a day of its clock, which custodians set, without changing for it', async () => {
    const { world, ana } = await founded();
    const before = world.facts;
    const body = { code: 'rate_limited', act: 'propose', who: null, count: 3, since: world.now - 1 } as const;
    await world.append({ kind: 'refusal', body });
    expect({ ...world.facts, refusals: before.refusals }).toEqual(before);
    world.now += 25 * HOUR_MS;
    await world.append({ kind: 'refusal', body });
    // The vault's own dates end no day: a custodian's do.
    expect(world.facts.refusals.size).toBe(2);
    world.now += 25 * HOUR_MS;
    await world.propose(world.policyChange({ veto: true }, ana));
    await world.append({ kind: 'refusal', body });
    expect(world.facts.refusals.size).toBe(1);
  });

  test('takes a receipt for a release that was revoked: the host had its keys', async () => {
    const { world, release, asked, ben } = await released();
    await world.append(await world.draftStop(world.stop('release', release, ben)));
    await world.append(world.draftHostReceipt(asked));
    expect(world.facts.proposals.get(release)).toMatchObject({ phase: 'revoked', receipts: [{ host: 0 }] });
  });

  test('names one share in every envelope of a person', async () => {
    const { deposit } = await deposited();
    const indices = deposit.envelopes.map(({ name }) => `${name.person} ${name.index}`);
    expect([indices.length, new Set(indices).size]).toEqual([5, 4]);
  });
});
