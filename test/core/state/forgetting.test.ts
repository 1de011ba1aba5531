import { Map as PersistentMap } from 'immutable';
import { describe, expect, test } from 'vitest';
import {
  CITABLE_EVALUATIONS,
  FORGET_EVERY_ENTRIES,
  OVER_PROPOSALS,
  WINDOW_ENTRIES,
} from '../../../src/core/state/bounds.ts';
import { historyOf } from '../../../src/core/state/chain.ts';
import { judgeStop } from '../../../src/core/state/entries/stop.ts';
import { withoutForgotten } from '../../../src/core/state/forgetting.ts';
import type { Facts, Proposal, Stated } from '../../../src/core/state/state.ts';
import { isInWindow } from '../../../src/core/state/window.ts';
import { HOUR_MS } from '../../world/founding.ts';
import { makeMachine, OUTSIDER } from '../../world/people.ts';
import type { World } from '../../world/world.ts';
import { failureOf } from './sites.ts';
import { published, released, stage } from './stages.ts';

type Stop = ReturnType<World['stop']>;
type StopDraft = Awaited<ReturnType<World['draftStop']>>;

const digestFor = (i: number) => i.toString(16).padStart(64, '0');

/** What was named, and what waits, before the vault wrote so many entries that all of it has left the window. */
const aged = stage(async () => {
  const { world, deposit, ana, ben, cleo } = await published();
  const withdrawn = world.principal(
    makeMachine({ role: 'auditor', name: 'unwanted', ...OUTSIDER }, world.random).record,
    ana,
    {
      expires: world.now + 20 * HOUR_MS,
    },
  );
  const stops: StopDraft[] = [];
  const stopBy = async (statement: Stop) => {
    stops.push(await world.draftStop(statement));
    await world.append(stops.at(-1) as StopDraft);
  };
  await stopBy(world.stop('proposal', await world.propose(withdrawn), ana));
  const lost = makeMachine({ role: 'auditor', name: 'lost', ...OUTSIDER }, world.random);
  await world.approve(await world.propose(world.principal(lost.record, ana)), ana, ben);
  await stopBy(world.retirement(lost, ana));
  await stopBy(world.stop('all', '00'.repeat(32), cleo));
  const stopped = world.facts.stopped?.at(-1)?.digest ?? '';
  await world.approve(await world.propose(world.resumption(stopped, ana)), ana, ben);
  const used = await world.ask(deposit);
  await world.propose(used.statement);
  const unused = await world.ask(deposit);
  const waiting = await world.propose(world.policyChange({ veto: true }, ben, { expires: world.now + 20 * HOUR_MS }));
  const early = world.checkpoint();
  const kept = { statements: world.facts.statements, chain: world.state.chain };
  const time = world.now;
  while (world.log.length < WINDOW_ENTRIES + FORGET_EVERY_ENTRIES)
    await world.append({ kind: 'heartbeat', body: {} }, { time });
  return { world, withdrawn, stops, used, unused, waiting, early, kept };
});

const refused = async (
  world: World,
  draft: Parameters<World['tryAppend']>[0] | Promise<Parameters<World['tryAppend']>[0]>,
) => {
  const entry = await draft;
  return failureOf(() => world.tryAppend(entry));
};

describe('what has left the window', () => {
  test('is known no more: neither roots and times nor what was named once', async () => {
    const { world, early, used, withdrawn, kept } = await aged();
    expect(world.state.chain.recent.size).toBe(WINDOW_ENTRIES);
    const { size } = world.state.chain.frontier;
    const history = historyOf(world.state.chain);
    expect(history.rootAt(early.size)).toBeNull();
    expect(history.rootAt(size - WINDOW_ENTRIES)).toBeNull();
    expect(history.rootAt(size - WINDOW_ENTRIES + 1)).not.toBeNull();
    expect(history.rootAt(size)).toBe(world.checkpoint().root);
    expect(history.rootAt(size + 1)).toBeNull();
    expect([...history.timesSince(size - 3)]).toHaveLength(3);
    expect(historyOf(kept.chain).rootAt(early.size)).toBe(early.root);
    const { evidence, kemKeys, statements } = world.facts;
    expect(kept.statements.size).toBeGreaterThan(3);
    expect([statements.size, evidence.size, kemKeys.size]).toEqual([0, 0, 0]);
    expect(used.hosts).toHaveLength(1);
    expect(withdrawn.logSize).toBeLessThan(size - WINDOW_ENTRIES);
  });

  test('an approval that names it is refused, and one that names the log as it is counts', async () => {
    const { world, ben, cleo, waiting, early } = await aged();
    const old = world.draftApproval(waiting, cleo, { checkpoint: early });
    expect(await refused(world, old)).toMatchObject({ code: 'stale_checkpoint' });
    await world.approve(waiting, cleo, ben);
    expect(world.facts.policy.document.veto).toBe(true);
  });

  test('evidence that names it is refused, whether it was used before or not', async () => {
    const { world, used, unused } = await aged();
    for (const { statement } of [used, unused]) {
      const anew = { ...statement, logSize: world.log.length };
      expect(await refused(world, world.draftProposal(anew))).toMatchObject({ code: 'nonce_stale' });
    }
  });

  test('a statement that names it is not proposed again, though its digest is forgotten and its time is not over', async () => {
    const { world, withdrawn } = await aged();
    expect(await refused(world, world.draftProposal(withdrawn))).toMatchObject({ code: 'stale_checkpoint' });
  });

  test('a stop that somebody copied from the log is not recorded again, though its digest is forgotten', async () => {
    const { world, stops } = await aged();
    const codes: string[] = [];
    for (const draft of stops) codes.push((await refused(world, draft)).code);
    expect(codes).toEqual(['proposal_closed', 'principal_retired', 'wrong_base']);
    expect(world.facts.stopped).toBeNull();
    // Nor where its proposal has been forgotten too.
    const [withdrawal] = stops as [StopDraft];
    const without = { ...world.facts, proposals: world.facts.proposals.clear() };
    const entry = { ...withdrawal, index: world.log.length, time: world.now };
    expect((await failureOf(() => judgeStop(without, entry))).code).toBe('proposal_unknown');
  });

  test('a statement is not proposed again either once a quorum has set the clock back to when it was made', async () => {
    const { world, ana, ben, cleo, withdrawn } = await aged();
    const made = withdrawn.created;
    world.now = made + 30 * HOUR_MS;
    await world.propose(world.policyChange({ groups: ['security'] }, ana));
    world.now = made;
    await world.approve(await world.propose(world.clockCorrection(ana)), ben, cleo);
    expect(world.facts.attestedMs).toBeLessThan(made + HOUR_MS);
    world.now = made;
    expect(await refused(world, world.draftProposal(withdrawn))).toMatchObject({ code: 'stale_checkpoint' });
    const anew = world.draftProposal({ ...withdrawn, logSize: world.log.length });
    await world.append(await anew);
  });
});

describe('the fold keeps', () => {
  const at = (index: number): Stated => ({ index, time: 0, by: null });

  test('whatever an entry may still name, at every length of the log', async () => {
    const { world } = await released();
    for (let end = FORGET_EVERY_ENTRIES; end <= 2 * WINDOW_ENTRIES; end += FORGET_EVERY_ENTRIES) {
      const indices = Array.from({ length: 64 }, (_, i) => Math.floor((i * end) / 64));
      const edge = end - WINDOW_ENTRIES;
      const named = [...indices, edge - 1, edge, edge + 1, end - 1].filter((index) => index >= 0);
      const facts: Facts = {
        ...world.facts,
        statements: PersistentMap(named.map((index) => [digestFor(index), at(index)])),
        evidence: PersistentMap(named.map((index) => [digestFor(index), index])),
        kemKeys: PersistentMap(named.map((index) => [digestFor(index), index])),
      };
      const { statements, evidence, kemKeys } = withoutForgotten(facts, end - 1);
      const wanted = [...new Set(named.filter((index) => isInWindow(index, end)).map(digestFor))].sort();
      for (const kept of [statements, evidence, kemKeys]) expect([...kept.keys()].sort()).toEqual(wanted);
      expect(withoutForgotten(facts, end)).toBe(facts);
    }
  });

  test('the latest proposals that are over, and all that are not or that something needs', async () => {
    const { world, release, deposit } = await released();
    const granted = world.facts.proposals.get(release) as Proposal;
    const publication = world.facts.proposals.find(({ statement }) => statement.kind === 'publish') as Proposal;
    const many = (count: number, like: Proposal, from: number) =>
      Array.from({ length: count }, (_, i): [string, Proposal] => {
        const digest = digestFor(from + i);
        return [digest, { ...like, digest, index: 1, phaseAt: from + i, executed: { index: from + i, time: 0 } }];
      });
    const over = many(OVER_PROPOSALS + 10, publication, 1_000);
    const open = many(20, { ...publication, phase: 'open' }, 0);
    const leases = many(20, granted, 100);
    // The clock was set back since: both took effect at one time by the clock, and by the log one after the other.
    const last: Proposal = {
      ...granted,
      digest: digestFor(200),
      phase: 'ended',
      phaseAt: 300,
      executed: { index: 299, time: 0 },
    };
    const earlier: Proposal = { ...last, digest: digestFor(201), executed: { index: 298, time: 0 } };
    const evaluation: Proposal = {
      ...earlier,
      digest: digestFor(202),
      statement: { ...granted.statement, purpose: 'evaluation' } as Proposal['statement'],
      receipts: [{ host: 0 } as Proposal['receipts'][number]],
    };
    // A long lease, whose release entry is old, and whose end is the entry after which the fold forgets.
    const justEnded: Proposal = {
      ...earlier,
      digest: digestFor(203),
      phaseAt: 9_999,
      executed: { index: 100, time: 0 },
    };
    const singles = [last, earlier, evaluation, justEnded].map((one): [string, Proposal] => [one.digest, one]);
    const all = [...over, ...open, ...leases, ...singles];
    const facts: Facts = { ...world.facts, proposals: PersistentMap(all) };
    const keptOf = (of: Facts) => withoutForgotten(of, FORGET_EVERY_ENTRIES - 1).proposals;
    const kept = keptOf(facts);
    const expected = [...over.slice(11), ...open, ...leases].map(([digest]) => digest);
    expect([...kept.keys()].sort()).toEqual([...expected, last.digest, justEnded.digest].sort());
    // Not by the order in which a process happens to hold them: one that begins from a snapshot forgets the same.
    expect([...keptOf({ ...facts, proposals: PersistentMap(all.toReversed()) }).keys()].sort()).toEqual(
      [...kept.keys()].sort(),
    );
    const version = facts.versions.get(deposit.manifest);
    if (version === undefined) throw new Error('the version is there');
    const quarantined = facts.versions.set(deposit.manifest, { ...version, phase: 'quarantined' });
    expect(keptOf({ ...facts, versions: quarantined }).has(evaluation.digest)).toBe(true);
    // Evaluations in force are kept in any case. They take no place of those that are over.
    const inForce = Array.from({ length: CITABLE_EVALUATIONS }, (_, i): [string, Proposal] => {
      const digest = digestFor(400 + i);
      return [digest, { ...evaluation, digest, phase: 'executed', executed: { index: 400 + i, time: 0 } }];
    });
    const withThem = keptOf({ ...facts, proposals: PersistentMap([...all, ...inForce]), versions: quarantined });
    expect(withThem.has(evaluation.digest)).toBe(true);
  });

  test('the policies that proposals rest on which it keeps, and the one in force', async () => {
    const { world, release } = await released();
    const granted = world.facts.proposals.get(release) as Proposal;
    const policies = [0, 10, 20, 30].map((since) => ({ digest: digestFor(since), since }));
    const proposals = PersistentMap({ a: { ...granted, index: 15 }, b: { ...granted, index: 11 } });
    const kept = withoutForgotten({ ...world.facts, policies, proposals }, FORGET_EVERY_ENTRIES - 1);
    expect(kept.policies.map(({ since }) => since)).toEqual([10, 30]);
  });
});
