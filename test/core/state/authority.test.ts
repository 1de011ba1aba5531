import { describe, expect, test } from 'vitest';
import { hostReportData } from '../../../src/core/attest/evidence.ts';
import { NO_REFERENCE_VALUES } from '../../../src/core/attest/reference-values.ts';
import { fromHex, toBase64url, toHex, utf8 } from '../../../src/core/bytes.ts';
import { canonicalBytes } from '../../../src/core/canonical.ts';
import { parseEntry } from '../../../src/core/log/entry.ts';
import { leafHash } from '../../../src/core/log/merkle.ts';
import { apply } from '../../../src/core/state/apply.ts';
import { type AuthorityChain, authorityOf } from '../../../src/core/state/authority.ts';
import { snpCase } from '../../platforms/snp.ts';
import { chainInputOf, makeChain, stepThrough } from '../../world/authority.ts';
import { HOUR_MS, POLICY } from '../../world/founding.ts';
import { dischargeClaim } from '../../world/log.ts';
import { makeMachine, OUTSIDER } from '../../world/people.ts';
import { publishedWorld, releasedWorld } from '../../world.ts';
import { failureOf, siteOf, sitesOfState } from './sites.ts';
import { released } from './stages.ts';

const OTHER = '77'.repeat(32);
const { world: BASE, release: RELEASE, asked: ASKED } = await releasedWorld();
const VAULT = BASE.vault;
const INPUT = chainInputOf(BASE, RELEASE);
const CHAIN = makeChain(INPUT);
const KINDS = CHAIN.entries.map(({ text }) => parseEntry(utf8(text)).kind);
const hit = new Set<string>();

async function verify(chain: unknown, fingerprint = VAULT, release = RELEASE) {
  const verified = stepThrough(chain, fingerprint, release);
  for (const claim of verified.claims) await dischargeClaim(claim);
  return verified;
}

async function codeOf(chain: unknown, fingerprint = VAULT, release = RELEASE): Promise<string> {
  const failure = await failureOf(() => verify(chain, fingerprint, release));
  hit.add(siteOf(failure));
  return failure.code;
}

/** A chain that leaves out the `which`-th entry of a kind, honestly proven otherwise. */
function without(kind: string, which = 0): AuthorityChain {
  const at = KINDS.flatMap((found, i) => (found === kind ? [i] : []))[which] ?? -1;
  return makeChain({ ...INPUT, indices: INPUT.indices.filter((_, i) => i !== at) });
}

const mapped = (change: (entry: AuthorityChain['entries'][number], i: number) => Partial<typeof entry>) => ({
  ...CHAIN,
  entries: CHAIN.entries.map((entry, i) => ({ ...entry, ...change(entry, i) })),
});
const flipped = (hex: string) => toHex(fromHex(hex).map((byte, i) => (i === 0 ? byte ^ 1 : byte)));

describe('a host accepts', () => {
  test('the chain of its own release, and learns its keys from it', async () => {
    const { release, facts, checkpoint } = await verify(CHAIN);
    expect(release.statement).toEqual(ASKED.statement);
    expect(facts.vault).toBe(VAULT);
    expect(checkpoint).toEqual({ size: BASE.checkpoint().size, root: BASE.checkpoint().root });
  });

  test('a chain through stop and resumption, an evaluation and other entries in between', async () => {
    const { world, deposit } = await publishedWorld({ label: 'long' });
    const [ana, ben, cleo] = ['ana', 'ben', 'cleo'].map((name) => world.founder(name));
    if (ana === undefined || ben === undefined || cleo === undefined) throw new Error('founders');
    const stop = world.stop('all', '00'.repeat(32), cleo);
    await world.append(await world.draftStop(stop));
    const resumption = world.resumption(world.facts.stopped?.at(-1)?.digest ?? '', ana);
    await world.approve(await world.propose(resumption), ben, cleo);
    for (let i = 0; i < 5; i++) await world.append({ kind: 'heartbeat', body: {} });
    const other = await world.deposit({ version: '2' });
    const evaluation = await world.ask(other, { purpose: 'evaluation' });
    const cited = await world.release(evaluation, ben, cleo);
    await world.append(world.draftHostReceipt(evaluation, { evaluation: OTHER }));
    await world.confirm(other, ana, ben);
    await world.approve(await world.propose(world.publication(other, { evaluation: cited })), ana, ben);
    const asked = await world.ask(other, { hosts: 2 });
    const release = await world.release(asked, ben, cleo);
    const input = chainInputOf(world, release);
    expect(input.indices.length).toBeLessThan(world.log.length);
    expect((await verify(makeChain(input), world.vault, release)).release.statement).toEqual(asked.statement);
    // What the chain of the new version does not need: the deposit of the old one.
    expect(authorityOf(world.facts, release)).not.toContain(world.facts.grounds.versions.get(deposit.manifest)?.at(-1));
  });

  test('a chain through the retirement of another key, which a quorum had enrolled', async () => {
    const { world, deposit } = await publishedWorld({ label: 'retirement' });
    const [ana, ben, cleo] = [world.founder('ana'), world.founder('ben'), world.founder('cleo')];
    const machine = makeMachine({ role: 'requester', name: 'stolen', ...OUTSIDER }, world.random);
    await world.approve(await world.propose(world.principal(machine.record, ana)), ben, cleo);
    await world.retire(machine, ana);
    const asked = await world.ask(deposit);
    const release = await world.release(asked, ben, cleo);
    const chain = makeChain(chainInputOf(world, release));
    const { facts } = await verify(chain, world.vault, release);
    expect(facts.principals.get(machine.record.key)?.retiredAt).not.toBe(null);
  });

  test('a chain through the retirement of a stolen authenticator by a quorum', async () => {
    const { world, deposit } = await publishedWorld({ label: 'stolen' });
    const [ana, ben, cleo, dan] = [
      world.founder('ana'),
      world.founder('ben'),
      world.founder('cleo'),
      world.founder('dan'),
    ];
    await world.approve(await world.propose(world.keyRetirement(dan, ana)), ben, cleo);
    const release = await world.release(await world.ask(deposit), ben, cleo);
    const { facts } = await verify(makeChain(chainInputOf(world, release)), world.vault, release);
    const { credential } = dan.authenticators[0];
    expect(facts.authenticators.get(toBase64url(credential))?.retiredAt).not.toBeNull();
  });

  test('a chain through two changes of policy, the second under the groups of the first', async () => {
    const { world, deposit } = await publishedWorld({ label: 'policies' });
    const [ana, ben, cleo] = [world.founder('ana'), world.founder('ben'), world.founder('cleo')];
    await world.changePolicy({ groups: ['research'] }, ana, ana, ben);
    await world.changePolicy({ groups: ['research', 'security'], veto: true }, ana, ana, ben);
    const release = await world.release(await world.ask(deposit), ben, cleo);
    const { facts } = await verify(makeChain(chainInputOf(world, release)), world.vault, release);
    expect(facts.policy).toEqual(world.facts.policy);
  });

  test('the chain of a release under the first policy, changed since', async () => {
    const { world, release, ana, ben } = await released();
    await world.changePolicy({ veto: true }, ana, ana, ben);
    const { facts } = await verify(makeChain(chainInputOf(world, release)), world.vault, release);
    expect(facts.policy.document.veto).toBe(true);
  });

  test('the chain of a release to hardware, with what its vendor says of it', async () => {
    const snp = (reportData: Uint8Array) => snpCase({ crl: null, report: { reportData } });
    const values = { ...snp(new Uint8Array(64)).referenceValues, crl: 'unchecked' as const };
    const policy = { referenceValues: { ...NO_REFERENCE_VALUES, snp: values } };
    const { world, deposit } = await publishedWorld({ label: 'hardware', policy });
    const asked = await world.ask(deposit, { collect: (binding) => snp(hostReportData(binding)) });
    const release = await world.release(asked, world.founder('ben'), world.founder('cleo'));
    const chain = makeChain(chainInputOf(world, release));
    const [host] = (await verify(chain, world.vault, release)).release.statement.hosts;
    expect(host?.label).toMatch(/^snp-[0-9a-f]{16}$/);
    const { [host?.endorsements ?? '']: _, ...others } = chain.objects;
    await expect(verify({ ...chain, objects: others }, world.vault, release)).rejects.toThrow(
      expect.objectContaining({ code: 'object_missing' }),
    );
  });

  test('the chain of an earlier release under a later checkpoint', async () => {
    const { world, release } = await released();
    for (let i = 0; i < 9; i++) await world.append({ kind: 'heartbeat', body: {} });
    expect((await verify(makeChain(chainInputOf(world, release)))).checkpoint.size).toBe(world.log.length);
  });
});

/** A release under a policy that has been changed, and the entries that changed it. */
async function changed() {
  const { world, deposit } = await publishedWorld({ label: 'changed' });
  const [ana, ben, cleo] = [world.founder('ana'), world.founder('ben'), world.founder('cleo')];
  const from = world.log.length;
  await world.changePolicy({ veto: true }, ana, ana, ben);
  const release = await world.release(await world.ask(deposit), ben, cleo);
  const { vault, facts } = world;
  const change = [from, from + 1, from + 2];
  return { input: chainInputOf(world, release), release, vault, change, document: facts.policy.digest };
}

describe('a host refuses (no proof, no weights)', () => {
  test('the chain of a release whose requester’s key has been retired since', async () => {
    const { world, release, ana } = await released();
    await world.retire(world.founding.requester, ana);
    expect(await codeOf(makeChain(chainInputOf(world, release)))).toBe('principal_retired');
  });
  test('a chain without one of the approvals', async () => {
    for (const which of [2, 3]) expect(await codeOf(without('approval', which))).toBe('quorum_missing');
  });
  test('a chain without the approvals of the publication', async () => {
    for (const which of [0, 1]) expect(await codeOf(without('approval', which))).toBe('version_quarantined');
  });
  test('a chain without the custody that an approval of publication rests on', async () => {
    expect(await codeOf(without('receipt'))).toBe('custody_missing');
  });
  test('a chain without the release entry', async () => {
    expect(await codeOf(without('release'))).toBe('release_unknown');
  });
  test('a chain without the deposit', async () => {
    expect(await codeOf(without('deposit'))).toBe('version_unknown');
  });
  test('a chain without the proposal', async () => {
    expect(await codeOf(without('proposal', 1))).toBe('proposal_unknown');
  });
  test('a chain without its genesis, or with no entry at all', async () => {
    expect(await codeOf(without('genesis'))).toBe('wrong_genesis');
    expect(await codeOf({ ...CHAIN, entries: [] })).toBe('wrong_genesis');
  });
  test('the chain of another release', async () => {
    expect(await codeOf(CHAIN, VAULT, OTHER)).toBe('release_unknown');
  });
  test('a statement of another kind that is in effect', async () => {
    const publication = BASE.facts.proposals.find(({ statement }) => statement.kind === 'publish');
    expect(await codeOf(CHAIN, VAULT, publication?.digest)).toBe('release_unknown');
  });
  test('a vault with another fingerprint', async () => {
    expect(await codeOf(CHAIN, OTHER)).toBe('wrong_genesis');
  });
  test('the chain of another vault', async () => {
    const { world, release } = await releasedWorld({ label: 'another' });
    expect(await codeOf(makeChain(chainInputOf(world, release)), VAULT, release)).toBe('wrong_genesis');
  });
  test('a checkpoint that another key has signed', async () => {
    const forged = makeChain({ ...INPUT, logSeed: new Uint8Array(32).fill(1) });
    expect(await codeOf({ ...CHAIN, checkpoint: forged.checkpoint })).toBe('foreign_checkpoint');
  });
  test('a checkpoint whose signature is false', async () => {
    const checkpoint = CHAIN.checkpoint.replace(/\n(\d+)\n/, (_, size) => `\n${Number(size) + 1}\n`);
    expect(await codeOf({ ...CHAIN, checkpoint })).toBe('checkpoint_invalid');
  });
  test('a checkpoint of another size of the same log', async () => {
    const shorter = makeChain({ ...INPUT, log: INPUT.log.slice(0, -1), indices: INPUT.indices.slice(0, -1) });
    expect(await codeOf({ ...CHAIN, checkpoint: shorter.checkpoint })).toBe('proof_invalid');
  });
  test('an entry that was altered', async () => {
    const altered = mapped(({ text }) => ({ text: text.replace('"decision":"approve"', '"decision":"deny"') }));
    expect(await codeOf(altered)).toBe('proof_invalid');
  });
  test('a proof that was altered, cut short or extended', async () => {
    for (const change of [
      (proof: string[]) => proof.map(flipped),
      (proof: string[]) => proof.slice(1),
      (proof: string[]) => [...proof, OTHER],
    ]) {
      expect(await codeOf(mapped(({ proof }, i) => (i === 3 ? { proof: change(proof) } : {})))).toBe('proof_invalid');
    }
  });
  test('the proof of one entry offered for another', async () => {
    expect(await codeOf(mapped((_, i) => ({ proof: CHAIN.entries[i ^ 1]?.proof ?? [] })))).toBe('proof_invalid');
  });
  test('entries in another order', async () => {
    const [first, second, ...rest] = CHAIN.entries.slice(1);
    const swapped = [...CHAIN.entries.slice(0, 1), second, first, ...rest];
    expect(await codeOf({ ...CHAIN, entries: swapped })).toBe('index_gap');
  });
  test('an entry that is there twice', async () => {
    const { entries } = CHAIN;
    expect(await codeOf({ ...CHAIN, entries: [...entries, ...entries.slice(-1)] })).toBe('index_gap');
  });
  test('a log whose time goes back', async () => {
    const text = new TextDecoder().decode(INPUT.log[1]).replace(/"time":\d+/, '"time":1');
    const log = INPUT.log.map((bytes, i) => (i === 1 ? utf8(text) : bytes));
    expect(await codeOf(makeChain({ ...INPUT, log }))).toBe('time_backwards');
  });
  test('a prefix with another root', async () => {
    const prefixes = CHAIN.prefixes.map((prefix, i) => (i === 0 ? { ...prefix, root: flipped(prefix.root) } : prefix));
    expect(await codeOf({ ...CHAIN, prefixes })).toBe('proof_invalid');
  });
  test('a prefix larger than the log', async () => {
    const prefixes = CHAIN.prefixes.map((prefix) => ({ ...prefix, size: prefix.size + 100 }));
    expect(await codeOf({ ...CHAIN, prefixes })).toBe('proof_invalid');
  });
  test('approvals of a size for which there is no prefix', async () => {
    expect(await codeOf({ ...CHAIN, prefixes: [] })).toBe('foreign_checkpoint');
  });
  test('a chain without an object, or with another one in its place', async () => {
    const [name = ''] = Object.keys(CHAIN.objects);
    const { [name]: _, ...missing } = CHAIN.objects;
    expect(await codeOf({ ...CHAIN, objects: missing })).toBe('object_missing');
    expect(await codeOf({ ...CHAIN, objects: { ...CHAIN.objects, [name]: 'e30' } })).toBe('object_mismatch');
  });
  test('a release that has been revoked', async () => {
    const { world, release, ben } = await released();
    await world.append(await world.draftStop(world.stop('release', release, ben)));
    expect(await codeOf(makeChain(chainInputOf(world, release)))).toBe('release_unknown');
  });
  test('a release whose lease is over', async () => {
    const { world, release } = await released();
    world.now += 2 * HOUR_MS;
    await world.append({ kind: 'expiry', body: { proposal: release } });
    expect(await codeOf(makeChain(chainInputOf(world, release)))).toBe('release_unknown');
  });
  test('a release of a vault that has been stopped since', async () => {
    const { world, release, ben } = await released();
    await world.append(await world.draftStop(world.stop('all', '00'.repeat(32), ben)));
    expect(await codeOf(makeChain(chainInputOf(world, release)))).toBe('vault_stopped');
  });
  test('a release of a version that has been withdrawn since', async () => {
    const { world, release, deposit, ben } = await released();
    await world.append(await world.draftStop(world.stop('version', deposit.manifest, ben)));
    expect(await codeOf(makeChain(chainInputOf(world, release)))).toBe('version_withdrawn');
  });
  test('a log that the vault wrote without a quorum, however well it is proven', async () => {
    const { world, deposit } = await publishedWorld();
    const { statement } = await world.ask(deposit);
    const proposal = await world.propose(statement);
    const forged = world.seal({ kind: 'release', body: { proposal } });
    const log = [...world.log, forged];
    const indices = [...authorityOf(world.facts, proposal), log.length - 1];
    expect(await codeOf(makeChain({ ...chainInputOf(world, proposal), log, indices }), VAULT, proposal)).toBe(
      'quorum_missing',
    );
  });
  test('an approval whose signature is another’s: a claim, which fails when it is discharged', async () => {
    const { world, deposit } = await publishedWorld();
    const proposal = await world.propose((await world.ask(deposit)).statement);
    const [ben, cleo] = [world.founder('ben'), world.founder('cleo')];
    await world.append(await world.draftApproval(proposal, ben));
    const { credential } = cleo.authenticators[0].document;
    const forged = await world.draftApproval(proposal, cleo, { by: ben.authenticators[0], credential });
    const log = [...world.log, world.seal(forged)];
    world.now += 1000;
    const prev = toHex(leafHash(log.at(-1) ?? new Uint8Array()));
    log.push(world.seal({ kind: 'release', body: { proposal } }, { index: log.length, prev }));
    const indices = [...authorityOf(world.facts, proposal), log.length - 2, log.length - 1];
    const chain = makeChain({ ...chainInputOf(world, proposal), log, indices });
    expect(stepThrough(chain, VAULT, proposal).release.phase).toBe('executed');
    expect(await codeOf(chain, VAULT, proposal)).toBe('signature_invalid');
  });
  test('a release under a changed policy, without any one entry of the change', async () => {
    const { input, release, vault, change } = await changed();
    expect((await verify(makeChain(input), vault, release)).facts.policy.document.veto).toBe(true);
    const [proposal = -1, ...approvals] = change;
    const leavingOut = (...left: readonly number[]) =>
      makeChain({ ...input, indices: input.indices.filter((index) => !left.includes(index)) });
    expect(await codeOf(leavingOut(...change), vault, release)).toBe('wrong_policy');
    expect(await codeOf(leavingOut(proposal), vault, release)).toBe('proposal_unknown');
    for (const approval of approvals) expect(await codeOf(leavingOut(approval), vault, release)).toBe('wrong_policy');
  });
  test('a release under a changed policy, whose document is another', async () => {
    const { input, release, vault, document } = await changed();
    const chain = makeChain(input);
    const lax = toBase64url(canonicalBytes({ ...POLICY, limits: { ...POLICY.limits, hosts: 64 } }));
    const { [document]: _, ...others } = chain.objects;
    expect(await codeOf({ ...chain, objects: others }, vault, release)).toBe('object_missing');
    expect(await codeOf({ ...chain, objects: { ...others, [document]: lax } }, vault, release)).toBe('object_mismatch');
  });
  test('a change of policy that the vault approved in the name of a custodian', async () => {
    const { world } = await publishedWorld({ label: 'forger' });
    const [ana, ben] = [world.founder('ana'), world.founder('ben')];
    const digest = await world.propose(world.policyChange({ veto: true }, ana));
    await world.approve(digest, ana);
    const { credential } = ben.authenticators[0].document;
    const forged = await world.draftApproval(digest, ben, { by: ana.authenticators[0], credential });
    // Every rule holds: only the signature is not his.
    const { claims } = apply(world.state, world.seal(forged), world.objects);
    await expect(Promise.all(claims.map(dischargeClaim))).rejects.toThrow(
      expect.objectContaining({ code: 'signature_invalid' }),
    );
  });
  test('every byte of an entry, flipped', async () => {
    // The deposit and the release entry: small, and each of their members counts.
    for (const at of [KINDS.indexOf('deposit'), KINDS.lastIndexOf('release')]) {
      const { text = '' } = CHAIN.entries[at] ?? {};
      for (let byte = 0; byte < text.length; byte += text.length > 500 ? 17 : 2) {
        const bytes = utf8(text).map((value, i) => (i === byte ? value ^ 1 : value));
        const altered = mapped((_, i) => (i === at ? { text: new TextDecoder().decode(bytes) } : {}));
        expect(() => stepThrough(altered, VAULT, RELEASE)).toThrow();
      }
    }
  }, 20_000);
  test('an entry that the vault writes by itself, on which no release rests', async () => {
    const { world, release } = await released();
    await world.append({ kind: 'heartbeat', body: {} });
    const input = chainInputOf(world, release);
    const indices = [...input.indices, world.log.length - 1];
    expect(await codeOf(makeChain({ ...input, indices }))).toBe('unknown_kind');
  });
  test('an entry that is repeated, without reading those that follow it', async () => {
    const [genesis, ...others] = CHAIN.entries;
    const entries = [genesis, genesis, ...others.map((entry) => ({ ...entry, text: '{' }))];
    expect(await codeOf({ ...CHAIN, entries })).toBe('index_gap');
  });
  test('a size of the log that is proven twice, and the checkpoint’s own', async () => {
    const { prefixes } = CHAIN;
    expect(await codeOf({ ...CHAIN, prefixes: [...prefixes, ...prefixes.slice(-1)] })).toBe('proof_invalid');
    const { size, root } = BASE.checkpoint();
    expect(await codeOf({ ...CHAIN, prefixes: [{ size, root, proof: [] }] })).toBe('proof_invalid');
  });
  test.each([
    ['no object', null],
    ['an array', []],
    ['a member more', { ...CHAIN, more: 1 }],
    ['a member less', { ...CHAIN, prefixes: undefined }],
    ['a proof that is no list of digests', mapped(() => ({ proof: ['00'] }))],
    ['more proof than any tree is high', mapped(() => ({ proof: new Array<string>(65).fill(OTHER) }))],
    ['a prefix of size 0', { ...CHAIN, prefixes: [{ size: 0, root: OTHER, proof: [] }] }],
    ['an object that is no base64url', { ...CHAIN, objects: { [OTHER]: '=' } }],
  ])('a chain that is %s', async (_what, chain) => {
    expect(await codeOf(chain)).toBe('malformed');
  });
});

test('the indices of a release that was not proposed are not to be had', async () => {
  const failure = await failureOf(() => authorityOf(BASE.facts, OTHER));
  hit.add(siteOf(failure));
  expect(failure.code).toBe('proposal_unknown');
});

test('no rule of the chain is without a test that breaks it', () => {
  const untested = sitesOfState().filter((site) => site.startsWith('state/authority.ts:') && !hit.has(site));
  expect(untested).toEqual([]);
});
