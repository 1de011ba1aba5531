import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Followed, keptText, readKeptText } from '../../../client/log/kept-state.ts';
import { Replica } from '../../../client/log/replica.ts';
import type { LogPage } from '../../../client/log/source.ts';
import { stateFiles } from '../../../client/log/state-file.ts';
import type { Hex } from '../../../src/core/bytes.ts';
import { FORGET_EVERY_ENTRIES } from '../../../src/core/state/bounds.ts';
import { stateDigest } from '../../../src/core/state/snapshot.ts';
import { MapMemory, verify } from '../../world/client.ts';
import type { Deposit } from '../../world/deposit.ts';
import { keptLog, sourceOf } from '../../world/source.ts';
import { releasedWorld, type World } from '../../world/world.ts';

const refusal = (code: string) => expect.objectContaining({ code });

let world: World;
let other: World;
let deposit: Deposit;
let release: Hex;
let folder: string;
beforeAll(async () => {
  ({ world, deposit, release } = await releasedWorld({ label: 'kept state' }));
  ({ world: other } = await releasedWorld({ label: 'another vault' }));
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-states-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const path = () => join(folder, `${world.vault}.state`);

interface Asked {
  readonly page?: LogPage;
  readonly fromGenesis?: boolean;
}

/** Follows the log; says from which entries on it was asked for. */
async function follow({ page = keptLog(world), fromGenesis = false }: Asked = {}) {
  const from: number[] = [];
  const now = () => world.now;
  const source = sourceOf(() => page, now, 500);
  const { entries } = source;
  source.entries = (at, limit) => {
    from.push(at);
    return entries.call(source, at, limit);
  };
  const states = stateFiles(folder, { fromGenesis });
  const replica = await Replica.follow(source, {
    fingerprint: world.vault,
    verify,
    memory: new MapMemory(),
    states,
    now,
  });
  return { replica, from };
}

describe('a log that was followed before', () => {
  beforeEach(() => follow());

  test('is asked for from where it was, and leads to the same state', async () => {
    const { replica, from } = await follow();
    expect(from).toEqual([world.log.length]);
    expect(stateDigest(replica.state)).toBe(stateDigest(world.state));
  });

  test('is kept for its user alone', () => {
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  test('still says which entry named an object', async () => {
    const { replica } = await follow();
    const named = replica.facts.proposals.valueSeq().map(({ statement }) => statement);
    const release = named.find(({ kind }) => kind === 'release');
    const wanted = release?.kind === 'release' ? release.hosts.map(({ evidence }) => evidence) : [];
    expect(wanted.length).toBeGreaterThan(0);
    expect([...(await replica.objects(wanted)).keys()]).toEqual(wanted);
  });

  test('is verified from its first entry where that is asked for', async () => {
    const { from } = await follow({ fromGenesis: true });
    expect(from[0]).toBe(0);
  });

  test('is replayed where what was kept is damaged, cut off, or of another vault', async () => {
    const text = readFileSync(path(), 'utf8');
    const changed = text.replace(/"attestedAt":\d+/, '"attestedAt":1');
    expect(changed).not.toBe(text);
    for (const damaged of ['', '{}', changed, text.slice(0, -1), text.replaceAll(world.vault, other.vault)]) {
      writeFileSync(path(), damaged);
      const { replica, from } = await follow();
      expect(from[0]).toBe(0);
      expect(stateDigest(replica.state)).toBe(stateDigest(world.state));
    }
  });

  test('is not believed from a file that others can write', async () => {
    chmodSync(path(), 0o666);
    await expect(follow()).rejects.toThrow(refusal('not_permitted'));
  });

  test('is not kept where it names more objects than are read back, or the disk does not take it, and that is told', async () => {
    const kept = readKeptText(readFileSync(path(), 'utf8'), world.vault);
    const namedAt = new Map(Array.from({ length: 120_000 }, (_, i) => [i.toString(16).padStart(64, '0'), i]));
    expect(() => keptText({ ...(kept as Followed), namedAt })).toThrow(refusal('too_large'));

    const full = new Error('no space left');
    const told: Error[] = [];
    const states = { get: async () => null, put: () => Promise.reject(full) };
    const options = { fingerprint: world.vault, verify, memory: new MapMemory(), states, now: () => world.now };
    const source = sourceOf(() => keptLog(world), options.now, 500);
    const replica = await Replica.follow(source, { ...options, onUnkept: (error) => told.push(error) });
    expect(told).toEqual([full]);
    expect(stateDigest(replica.state)).toBe(stateDigest(world.state));
  });

  test('is refused where it goes on as another log', async () => {
    const [kept, shown] = [world.fork(), world.fork()];
    await kept.append({ kind: 'heartbeat', body: {} });
    shown.now += 1;
    for (let i = 0; i < 2; i++) await shown.append({ kind: 'heartbeat', body: {} });
    rmSync(path());
    await follow({ page: keptLog(kept) });
    await expect(follow({ page: keptLog(shown) })).rejects.toThrow(refusal('prev_mismatch'));
  });

  test('is refused where it has become shorter', async () => {
    const longer = world.fork();
    await longer.append({ kind: 'heartbeat', body: {} });
    rmSync(path());
    await follow({ page: keptLog(longer) });
    await expect(follow()).rejects.toThrow(refusal('checkpoint_invalid'));
  });
});

describe('once the fold has forgotten a proposal', () => {
  /** Follows the log, forgets these proposals as the fold does, and goes on from what was kept. */
  async function forgetting(log: World, ...forgotten: readonly Hex[]): Promise<Replica> {
    rmSync(path(), { force: true });
    await follow({ page: keptLog(log) });
    const kept = readKeptText(readFileSync(path(), 'utf8'), log.vault);
    if (kept === null) throw new Error('a state was kept');
    const { chain, facts } = kept.state;
    const proposals = facts.proposals.deleteAll(forgotten);
    expect(proposals.size).toBe(facts.proposals.size - forgotten.length);
    writeFileSync(path(), keptText({ ...kept, state: { chain, facts: { ...facts, proposals } } }));
    const { replica, from } = await follow({ page: keptLog(log) });
    expect(from).toEqual([log.log.length]);
    return replica;
  }

  test('what another release names too is still found, whichever of them is forgotten', async () => {
    const longer = world.fork();
    const { statement } = await longer.ask(deposit);
    const open = await longer.propose(statement);
    const shared = statement.hosts[0]?.endorsements ?? '';
    for (const forgotten of [release, open]) {
      const replica = await forgetting(longer, forgotten);
      expect([...(await replica.objects([shared])).keys()]).toEqual([shared]);
    }
  });

  test('what it alone named is missing', async () => {
    const { statement } = world.facts.proposals.get(release) ?? {};
    const evidence = statement?.kind === 'release' ? (statement.hosts[0]?.evidence ?? '') : '';
    const replica = await forgetting(world, release);
    await expect(replica.object(evidence)).rejects.toThrow(refusal('object_missing'));
  });

  test('the policies that it brought are still found: the one in force and those that proposals rest on', async () => {
    const longer = world.fork();
    const [ana, ben] = [longer.founder('ana'), longer.founder('ben')];
    const first = await longer.changePolicy({ veto: true }, ana, ana, ben);
    const second = await longer.changePolicy({ groups: ['security'] }, ana, ana, ben);
    const replica = await forgetting(longer, first, second);
    const policies = replica.facts.policies.map(({ digest }) => digest);
    expect(policies).toHaveLength(3);
    expect(policies.at(-1)).toBe(replica.facts.policy.digest);
    expect([...(await replica.objects(policies)).keys()]).toEqual(policies);
  });

  test('a long log that is followed at once still says where the objects of its beginning are', async () => {
    const longer = world.fork();
    const changed = await longer.changePolicy(
      { veto: true },
      longer.founder('ana'),
      longer.founder('ana'),
      longer.founder('ben'),
    );
    const time = longer.now;
    while (longer.log.length <= FORGET_EVERY_ENTRIES) await longer.append({ kind: 'heartbeat', body: {} }, { time });
    const { replica } = await follow({ page: keptLog(longer) });
    const named = [deposit.manifest, ...replica.facts.policies.map(({ digest }) => digest)];
    expect(replica.facts.proposals.has(changed)).toBe(true);
    expect([...(await replica.objects(named)).keys()]).toEqual(named);
  });
});
