import { describe, expect, test } from 'vitest';
import { leaseEnd } from '../../../client/host/times.ts';
import { hostReportData } from '../../../src/core/attest/evidence.ts';
import { NO_REFERENCE_VALUES } from '../../../src/core/attest/reference-values.ts';
import { fromHex, toBase64url, toHex, utf8 } from '../../../src/core/bytes.ts';
import { digestOf } from '../../../src/core/canonical.ts';
import { parseEntry } from '../../../src/core/log/entry.ts';
import { type AuthorityChain, authorityOf } from '../../../src/core/state/authority-chain.ts';
import { snpCase } from '../../platforms/snp.ts';
import { chainInputOf, makeChain, shownBy } from '../../world/authority.ts';
import { HOUR_MS } from '../../world/founding.ts';
import { dischargeClaim } from '../../world/log.ts';
import { makeMachine, OUTSIDER } from '../../world/people.ts';
import { publishedWorld, releasedWorld, type World } from '../../world/world.ts';
import { failureOf, siteOf, sitesOfState } from './sites.ts';
import { released } from './stages.ts';

const OTHER = '77'.repeat(32);
const ZEROS = '00'.repeat(32);
const { world: BASE, release: RELEASE, asked: ASKED } = await releasedWorld();
const VAULT = BASE.vault;
const INPUT = chainInputOf(BASE, RELEASE);
const CHAIN = makeChain(INPUT);
const hit = new Set<string>();

async function verify(chain: unknown, fingerprint = VAULT, release = RELEASE) {
  const { claims, ...authority } = shownBy(chain, fingerprint, release);
  for (const claim of claims) await dischargeClaim(claim);
  return authority;
}

async function codeOf(chain: unknown, fingerprint = VAULT, release = RELEASE): Promise<string> {
  const failure = await failureOf(() => verify(chain, fingerprint, release));
  hit.add(siteOf(failure));
  return failure.code;
}

const chainOf = (world: World, release: string) => makeChain(chainInputOf(world, release));
const founders = (world: World) =>
  [world.founder('ana'), world.founder('ben'), world.founder('cleo'), world.founder('dan')] as const;
const mapped = (change: (entry: AuthorityChain['entries'][number], i: number) => Partial<typeof entry>) => ({
  ...CHAIN,
  entries: CHAIN.entries.map((entry, i) => ({ ...entry, ...change(entry, i) })),
});
const flipped = (hex: string) => toHex(fromHex(hex).map((byte, i) => (i === 0 ? byte ^ 1 : byte)));

describe('a host accepts', () => {
  test('the chain of its own release, and learns its keys from it', async () => {
    const { release, vault, core, checkpoint } = await verify(CHAIN);
    expect(release.statement).toEqual(ASKED.statement);
    expect(vault).toBe(VAULT);
    expect(core.model).toBe(ASKED.statement.model);
    expect(checkpoint).toEqual({ size: BASE.checkpoint().size, root: BASE.checkpoint().root });
  });

  test('a chain that has the release’s own entries alone, whatever has been decided before and since', async () => {
    const { world } = await publishedWorld({ label: 'long' });
    const [ana, ben, cleo, dan] = founders(world);
    await world.changePolicy({ groups: ['research'] }, ana, ana, ben);
    await world.append(await world.draftStop(world.stop('all', ZEROS, cleo)));
    await world.approve(
      await world.propose(world.resumption(world.facts.stopped?.at(-1)?.digest ?? '', ana)),
      ben,
      cleo,
    );
    const machine = makeMachine({ role: 'requester', name: 'late', ...OUTSIDER }, world.random);
    world.machines.push(machine);
    await world.approve(await world.propose(world.principal(machine.record, ana)), ben, cleo);
    await world.retire(world.founding.requester, ana);
    await world.changePolicy({ groups: ['research', 'security'], veto: true }, ana, ana, ben);
    const other = await world.deposit({ version: '2' });
    const evaluation = await world.ask(other, { by: machine, purpose: 'evaluation' });
    const cited = await world.release(evaluation, ben, cleo);
    await world.append(world.draftHostReceipt(evaluation, { evaluation: OTHER }));
    await world.confirm(other, ana, ben);
    await world.approve(await world.propose(world.publication(other, { evaluation: cited })), ana, ben);
    const credential = toBase64url(ana.authenticators.at(-1)?.credential ?? new Uint8Array());
    await world.approve(await world.propose(world.keyRetirement(ana, ben, { credential })), cleo, dan);
    const asked = await world.ask(other, { by: machine, hosts: 2 });
    const release = await world.release(asked, ana, ben, cleo);
    await world.changePolicy({ veto: false }, ana, ana, ben);
    const chain = chainOf(world, release);
    const kinds = chain.entries.map(({ text }) => parseEntry(utf8(text)).kind);
    expect(kinds).toEqual(['genesis', 'proposal', 'approval', 'approval', 'approval', 'release']);
    expect((await verify(chain, world.vault, release)).release.statement).toEqual(asked.statement);
  });

  test('the chain of an earlier release under a later checkpoint', async () => {
    const { world, release } = await released();
    for (let i = 0; i < 9; i++) await world.append({ kind: 'heartbeat', body: {} });
    expect((await verify(chainOf(world, release))).checkpoint.size).toBe(world.log.length);
  });

  test('a release whose first approver’s authenticator was retired before another approved, with those that counted', async () => {
    const { world, deposit } = await publishedWorld();
    const [ana, ben, cleo, dan] = founders(world);
    const release = await world.propose((await world.ask(deposit)).statement);
    await world.approve(release, ben);
    await world.approve(await world.propose(world.keyRetirement(ben, ana)), cleo, dan);
    await world.approve(release, cleo, dan);
    await world.append({ kind: 'release', body: { proposal: release } });
    const { release: shown } = await verify(chainOf(world, release), VAULT, release);
    expect(shown.votes.map(({ person }) => person)).toEqual([cleo.person, dan.person]);
  });

  test('a release one of whose approvers has retired the authenticator since', async () => {
    const { world, release, ben } = await released();
    await world.append(
      await world.draftStop(world.stop('authenticator', digestOf(ben.authenticators[0].credential), ben)),
    );
    expect((await verify(chainOf(world, release))).release.votes).toHaveLength(2);
  });

  test('a chain whose approvers found other rosters, each of which has both in use', async () => {
    const { world, deposit } = await publishedWorld();
    const [ana, ben, cleo, dan] = founders(world);
    const release = await world.propose((await world.ask(deposit)).statement);
    await world.approve(release, ben);
    await world.approve(await world.propose(world.keyRetirement(dan, ana)), ben, cleo);
    await world.approve(release, cleo);
    await world.append({ kind: 'release', body: { proposal: release } });
    const { rosters, authenticators } = await verify(chainOf(world, release), VAULT, release);
    expect(rosters.map((roster) => roster.authenticators.length)).toEqual([5, 4]);
    // One roster has it in use: a stop of dan's is heeded, as another approver's word must not silence it.
    const retired = authenticators.get(toBase64url(dan.authenticators[0].credential));
    expect(retired?.retiredAt).toBeNull();
  });

  test('the chain of a release to hardware, without the evidence that its custodians have appraised', async () => {
    const snp = (reportData: Uint8Array) => snpCase({ crl: null, report: { reportData } });
    const values = { ...snp(new Uint8Array(64)).referenceValues, crl: 'unchecked' as const };
    const policy = { referenceValues: { ...NO_REFERENCE_VALUES, snp: values } };
    const { world, deposit } = await publishedWorld({ label: 'hardware', policy });
    const asked = await world.ask(deposit, { collect: (binding) => snp(hostReportData(binding)) });
    const release = await world.release(asked, world.founder('ben'), world.founder('cleo'));
    const chain = chainOf(world, release);
    const [host] = (await verify(chain, world.vault, release)).release.statement.hosts;
    expect(host?.label).toMatch(/^snp-[0-9a-f]{16}$/);
    expect(chain.objects).not.toHaveProperty(host?.evidence ?? '');
  });
});

test('a chain is no larger for what came before it: 40 changes of policy, 20 keys, stops and resumptions', async () => {
  const { world, deposit } = await publishedWorld();
  const [ana, ben, cleo] = founders(world);
  const bytesOf = (release: string) => JSON.stringify(chainOf(world, release)).length;
  const before = bytesOf(await world.release(await world.ask(deposit), ben, cleo));
  for (let i = 0; i < 40; i++) await world.changePolicy({ veto: i % 2 === 0 }, ana, ana, ben);
  for (let i = 0; i < 20; i++) {
    const { record } = makeMachine({ role: 'auditor', name: `machine ${i}`, ...OUTSIDER }, world.random);
    await world.approve(await world.propose(world.principal(record, ana)), ben, cleo);
  }
  for (let i = 0; i < 3; i++) {
    await world.append(await world.draftStop(world.stop('all', ZEROS, cleo)));
    const resumption = world.resumption(world.facts.stopped?.at(-1)?.digest ?? '', ana);
    await world.approve(await world.propose(resumption), ben, cleo);
  }
  const after = bytesOf(await world.release(await world.ask(deposit), ben, cleo));
  // A few hashes more in each proof, and a line for each resumption.
  expect(after - before).toBeLessThan(10_000);
  expect(after).toBeLessThan(1 << 18);
}, 30_000);

describe('a host refuses (no proof, no weights)', () => {
  const WITHOUT = ['wrong_genesis', 'proposal_unknown', 'quorum_missing', 'quorum_missing', 'proposal_unknown'];
  test.each(WITHOUT.map((code, i) => [i, code] as const))('a chain without its entry %i', async (left, code) => {
    const indices = INPUT.indices.filter((_, i) => i !== left);
    expect(await codeOf(makeChain({ ...INPUT, indices }))).toBe(code);
  });
  test('a chain with no entry at all, and one without any approval (lesson: zero approvals)', async () => {
    expect(await codeOf({ ...CHAIN, entries: [] })).toBe('wrong_genesis');
    const [genesis = 0, proposal = 0] = INPUT.indices;
    const granted = INPUT.indices.at(-1) ?? 0;
    expect(await codeOf(makeChain({ ...INPUT, indices: [genesis, proposal, granted] }))).toBe('quorum_missing');
  });
  test('a chain with any other entry of its log, which no release rests on', async () => {
    const others = BASE.log.map((_, i) => i).filter((i) => !INPUT.indices.includes(i));
    expect(others.length).toBeGreaterThan(5);
    for (const other of others) {
      const indices = [...INPUT.indices, other].sort((a, b) => a - b);
      expect(['proposal_unknown', 'proposal_unknown', 'unknown_kind']).toContain(
        await codeOf(makeChain({ ...INPUT, indices })),
      );
    }
  });
  test('a chain with any other entry of its log in the place of one of its own', async () => {
    for (let i = 1; i < INPUT.indices.length; i++) {
      for (const other of BASE.log.keys()) {
        if (INPUT.indices.includes(other)) continue;
        const indices = INPUT.indices.map((index, j) => (j === i ? other : index)).sort((a, b) => a - b);
        expect(() => shownBy(makeChain({ ...INPUT, indices }), VAULT, RELEASE)).toThrow();
      }
    }
  });
  test('entries in another order, and an entry that is there twice', async () => {
    for (let i = 1; i < CHAIN.entries.length; i++) {
      const entries = CHAIN.entries.toSpliced(i - 1, 2, ...CHAIN.entries.slice(i - 1, i + 1).reverse());
      expect(await codeOf({ ...CHAIN, entries })).toBe(i === 1 ? 'wrong_genesis' : 'index_gap');
      const twice = CHAIN.entries.toSpliced(i, 0, ...CHAIN.entries.slice(i, i + 1));
      expect(await codeOf({ ...CHAIN, entries: twice })).toBe('index_gap');
    }
  });
  test('an entry that is repeated, without reading those that follow it', async () => {
    const [genesis, ...others] = CHAIN.entries;
    const entries = [genesis, genesis, ...others.slice(1).map((entry) => ({ ...entry, text: '{' }))];
    expect(await codeOf({ ...CHAIN, entries })).toBe('index_gap');
  });
  test('a chain with a denial among its approvals', async () => {
    const { world, deposit } = await publishedWorld();
    const [, ben, cleo, dan] = founders(world);
    const release = await world.propose((await world.ask(deposit)).statement);
    await world.deny(release, dan);
    const denial = world.log.length - 1;
    await world.approve(release, ben, cleo);
    await world.append({ kind: 'release', body: { proposal: release } });
    const input = chainInputOf(world, release);
    const indices = [...input.indices, denial].sort((a, b) => a - b);
    expect(await codeOf(makeChain({ ...input, indices }), VAULT, release)).toBe('unknown_kind');
  });
  test('a chain with anything else among its approvals, or an approval of something else', async () => {
    const { world, deposit } = await publishedWorld();
    const [, ben, cleo] = founders(world);
    const release = await world.propose((await world.ask(deposit)).statement);
    const other = await world.propose((await world.ask(deposit)).statement);
    await world.approve(release, ben);
    await world.append({ kind: 'heartbeat', body: {} });
    await world.approve(other, ben);
    await world.approve(release, cleo);
    await world.append({ kind: 'release', body: { proposal: release } });
    const input = chainInputOf(world, release);
    const size = world.log.length;
    for (const [index, code] of [
      [size - 4, 'unknown_kind'],
      [size - 3, 'proposal_unknown'],
    ] as const) {
      const indices = [...input.indices, index].sort((a, b) => a - b);
      expect(await codeOf(makeChain({ ...input, indices }), VAULT, release)).toBe(code);
    }
  });
  test('the chain of another release, and approvals of another', async () => {
    const { world, deposit } = await publishedWorld();
    const [, ben, cleo] = founders(world);
    const [first, second] = [await world.ask(deposit), await world.ask(deposit)];
    const a = await world.release(first, ben, cleo);
    const b = await world.release(second, ben, cleo);
    expect(await codeOf(chainOf(world, a), VAULT, b)).toBe('proposal_unknown');
    const [genesis = 0, proposal = 0, ...approvals] = authorityOf(world.facts, a).slice(0, -1);
    const [, proposed = 0, ...rest] = authorityOf(world.facts, b);
    const input = chainInputOf(world, b);
    const granted = rest.at(-1) ?? 0;
    const mixed = makeChain({ ...input, indices: [genesis, proposed, ...rest.slice(0, 1), granted] });
    expect(await codeOf(mixed, VAULT, b)).toBe('quorum_missing');
    const foreign = makeChain({ ...input, indices: [genesis, proposal, ...approvals, granted] });
    expect(await codeOf(foreign, VAULT, a)).toBe('proposal_unknown');
    expect(await codeOf(foreign, VAULT, b)).toBe('proposal_unknown');
  });
  test('a statement of another kind that is in effect', async () => {
    const publication = BASE.facts.proposals.find(({ statement }) => statement.kind === 'publish');
    const { digest = '', index = 0, votes = [] } = publication ?? {};
    expect(await codeOf(CHAIN, VAULT, digest)).toBe('proposal_unknown');
    const indices = [0, index, ...votes.map((vote) => vote.index)];
    expect(await codeOf(makeChain({ ...INPUT, indices }), VAULT, digest)).toBe('proposal_unknown');
  });
  test('a vault with another fingerprint, and the chain of another vault', async () => {
    expect(await codeOf(CHAIN, OTHER)).toBe('wrong_genesis');
    const { world, release } = await releasedWorld({ label: 'another' });
    expect(await codeOf(chainOf(world, release), VAULT, release)).toBe('wrong_genesis');
  });
  test('a checkpoint that another key has signed, whose signature is false, or of another size', async () => {
    const forged = makeChain({ ...INPUT, logSeed: new Uint8Array(32).fill(1) });
    expect(await codeOf({ ...CHAIN, checkpoint: forged.checkpoint })).toBe('foreign_checkpoint');
    const checkpoint = CHAIN.checkpoint.replace(/\n(\d+)\n/, (_, size) => `\n${Number(size) + 1}\n`);
    expect(await codeOf({ ...CHAIN, checkpoint })).toBe('checkpoint_invalid');
    const shorter = makeChain({ ...INPUT, log: INPUT.log.slice(0, -1), indices: INPUT.indices.slice(0, -1) });
    expect(await codeOf({ ...CHAIN, checkpoint: shorter.checkpoint })).toBe('proof_invalid');
  });
  test('an entry that was altered', async () => {
    const altered = mapped(({ text }) => ({ text: text.replace('"decision":"approve"', '"decision":"deny"') }));
    expect(await codeOf(altered)).toBe('proof_invalid');
  });
  test('a proof that was altered, cut short, extended or is another entry’s', async () => {
    for (const change of [
      (proof: string[]) => proof.map(flipped),
      (proof: string[]) => proof.slice(1),
      (proof: string[]) => [...proof, OTHER],
    ]) {
      expect(await codeOf(mapped(({ proof }, i) => (i === 3 ? { proof: change(proof) } : {})))).toBe('proof_invalid');
    }
    expect(await codeOf(mapped((_, i) => ({ proof: CHAIN.entries[i ^ 1]?.proof ?? [] })))).toBe('proof_invalid');
  });
  test('a prefix with another root, larger than the log, given twice or of the checkpoint’s own size', async () => {
    const { prefixes } = CHAIN;
    const altered = prefixes.map((prefix, i) => (i === 0 ? { ...prefix, root: flipped(prefix.root) } : prefix));
    expect(await codeOf({ ...CHAIN, prefixes: altered })).toBe('proof_invalid');
    const larger = prefixes.map((prefix) => ({ ...prefix, size: prefix.size + 100 }));
    expect(await codeOf({ ...CHAIN, prefixes: larger })).toBe('proof_invalid');
    expect(await codeOf({ ...CHAIN, prefixes: [...prefixes, ...prefixes.slice(-1)] })).toBe('proof_invalid');
    const { size, root } = BASE.checkpoint();
    expect(await codeOf({ ...CHAIN, prefixes: [{ size, root, proof: [] }] })).toBe('proof_invalid');
  });
  test('approvals of a size for which there is no prefix', async () => {
    expect(await codeOf({ ...CHAIN, prefixes: [] })).toBe('foreign_checkpoint');
  });
  test('a chain without any one of its objects, or with another in its place', async () => {
    for (const name of Object.keys(CHAIN.objects)) {
      const { [name]: _, ...missing } = CHAIN.objects;
      expect(await codeOf({ ...CHAIN, objects: missing })).toBe('object_missing');
      expect(await codeOf({ ...CHAIN, objects: { ...CHAIN.objects, [name]: 'e30' } })).toBe('object_mismatch');
    }
  });
  test('a chain that goes on with what has ended the release', async () => {
    const { manifest } = ASKED.statement;
    for (const end of [
      async ({ world, ben }: Awaited<ReturnType<typeof released>>) => world.draftStop(world.stop('all', ZEROS, ben)),
      async ({ world, ben, release }: Awaited<ReturnType<typeof released>>) =>
        world.draftStop(world.stop('release', release, ben)),
      async ({ world, ben }: Awaited<ReturnType<typeof released>>) =>
        world.draftStop(world.stop('version', manifest, ben)),
      async ({ world, ana }: Awaited<ReturnType<typeof released>>) =>
        world.draftStop(world.retirement(world.founding.requester, ana)),
    ]) {
      const stage = await released();
      const { index } = await stage.world.append(await end(stage));
      const input = chainInputOf(stage.world, stage.release);
      expect(await codeOf(makeChain({ ...input, indices: [...input.indices, index] }))).toBe('proposal_unknown');
    }
  });
  test('a release that was made by a clock that a quorum has since set back', async () => {
    const authority = await verify(CHAIN);
    const behindMs = BASE.now - 2 * HOUR_MS;
    expect(() => leaseEnd(authority, { created: behindMs }, behindMs)).toThrow(
      expect.objectContaining({ code: 'clock_skew' }),
    );
  });
  test('every byte of an entry, flipped', async () => {
    for (const at of [1, CHAIN.entries.length - 1]) {
      const { text = '' } = CHAIN.entries[at] ?? {};
      for (let byte = 0; byte < text.length; byte += text.length > 500 ? 31 : 2) {
        const bytes = utf8(text).map((value, i) => (i === byte ? value ^ 1 : value));
        const altered = mapped((_, i) => (i === at ? { text: new TextDecoder().decode(bytes) } : {}));
        expect(() => shownBy(altered, VAULT, RELEASE)).toThrow();
      }
    }
  }, 20_000);
  test.each([
    ['no object', null],
    ['an array', []],
    ['a member more', { ...CHAIN, more: 1 }],
    ['a member less', { ...CHAIN, prefixes: undefined }],
    ['more entries than a committee has custodians', { ...CHAIN, entries: new Array(36).fill(CHAIN.entries[0]) }],
    [
      'more objects than it names',
      { ...CHAIN, objects: Object.fromEntries(Array.from({ length: 163 }, (_, i) => [digestOf(utf8(`${i}`)), 'e30'])) },
    ],
    ['more prefixes than a committee has custodians', { ...CHAIN, prefixes: new Array(33).fill(CHAIN.prefixes[0]) }],
    ['a proof that is no list of digests', mapped(() => ({ proof: ['00'] }))],
    ['more proof than any tree is high', mapped(() => ({ proof: new Array<string>(65).fill(OTHER) }))],
    ['a prefix of size 0', { ...CHAIN, prefixes: [{ size: 0, root: OTHER, proof: [] }] }],
    ['an object that is no base64url', { ...CHAIN, objects: { [OTHER]: '=' } }],
  ])('a chain that is %s', async (_what, chain) => {
    expect(await codeOf(chain)).toBe('malformed');
  });
});

test('the indices of what was not proposed, or has not been released, are not to be had', async () => {
  const { world, deposit } = await publishedWorld();
  const release = await world.propose((await world.ask(deposit)).statement);
  const failures = [
    await failureOf(() => authorityOf(BASE.facts, OTHER)),
    await failureOf(() => authorityOf(world.facts, release)),
  ];
  for (const failure of failures) hit.add(siteOf(failure));
  expect(failures.map(({ code }) => code)).toEqual(['proposal_unknown', 'proposal_unknown']);
});

test('no rule of what a chain is made of is without a test that breaks it', () => {
  const untested = sitesOfState().filter((site) => site.startsWith('state/authority-chain.ts:') && !hit.has(site));
  expect(untested).toEqual([]);
});
