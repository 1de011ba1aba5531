import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stateRows } from '../../../client/cli/code.ts';
import { documentChanges } from '../../../client/cli/document-changes.ts';
import { reportOn } from '../../../client/cli/proposal-report.ts';
import { stateOf } from '../../../client/cli/proposals.ts';
import type { Proposition } from '../../../client/custodian/propose.ts';
import { review } from '../../../client/custodian/review.ts';
import { principalKey, principalRecordOf } from '../../../client/principal/principal.ts';
import type { Hex } from '../../../src/core/bytes.ts';
import type { Facts } from '../../../src/core/state/state.ts';
import type { Policy } from '../../../src/core/statement/policy.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import { type CliVault, openCliVault, type Run } from '../../world/command-line.ts';
import { approveAs, denyAs, followAs, proposeAs, stopAs } from '../../world/vault/acts.ts';
import type { Person } from '../../world/vault/members.ts';

let vault: CliVault;
let release: Hex;
const SLOW = { timeout: 60_000 };
const REASON = 'OPS-7: the reader in Turin';

beforeAll(async () => {
  vault = await openCliVault();
  mkdirSync(vault.path('model'));
  writeFileSync(vault.path('model/weights.bin'), 'the weights');
  await vault.twinlock('depositor', ['deposit', vault.path('model'), '--as', 'acme/ocr@1']);
  const ask = ['request', 'acme/ocr@1', '--purpose', 'evaluation', '--reason', REASON, '--lease', '47h'];
  const keys = ['--keys', vault.path('keys'), '--simulated-chip', 'chip', '--json'];
  release = (await vault.twinlock('requester', [...ask, ...keys])).json()['release'] as Hex;
}, 60_000);
afterAll(() => vault?.close());

const replica = () => followAs(vault.auditor, vault.fingerprint);
const shown = ({ custodian: { person, name } }: Person) => `“${name}”, custodian, id ${person}`;
const refusal = ({ code, stdout, stderr }: Run) => {
  expect(stdout).toBe('');
  return [code, (JSON.parse(stderr) as { error: { code: string } }).error.code];
};

describe('a proposal, from a second place', SLOW, () => {
  test('is shown with all that is signed, and the words that its approvers see on their page', async () => {
    const { code, stdout, stderr } = await vault.twinlock('auditor', [
      'code',
      release.slice(0, 8),
      release.slice(8, 16),
    ]);
    expect([code, stderr]).toEqual([0, '']);
    const { custodian } = vault.ben;
    const page = await review(custodian, await replica(), release);
    const { statement } = page;
    if (statement.kind !== 'release') throw new Error('expected a release');
    for (const line of [
      `vault        ${vault.fingerprint}, of grade simulation: protects nothing`,
      `proposal     ${release}`,
      'kind         release',
      'model        acme/ocr',
      'version      1',
      `manifest     ${statement.manifest}`,
      'for          evaluation',
      'lease        1 day 23 hours (169,200,000 ms) from the release on',
      `host 0       ${page.hosts[0]?.label}, by simulated`,
      `reason       ${REASON}`,
      'state        open: it can be approved',
      `proposed by  “requester-key”, a machine of ${shown(vault.ana)}`,
      'votes        none',
      `policy       ${page.policy.digest}, in force since entry 0`,
      `code         ${page.code}`,
    ]) {
      expect(stdout.split('\n')).toContain(line);
    }
    expect(stdout).toMatch(/^ {2}simulated\.chip [0-9a-f]{64}$/m);
    expect(stdout).toMatch(/^ {2}runs {7}[0-9a-f]{64}$/m);
    expect(stdout).toMatch(/^served {7}at most .*bytes/m);
    const exactly = /^the statement, exactly\n(.*?)\ncode /ms.exec(stdout)?.[1] ?? '';
    expect(JSON.parse(exactly)).toEqual(statement);
  });

  test('is one document with --json, for a depositor’s key too, and for no requester’s', async () => {
    const report = (await vault.twinlock('depositor', ['code', release, '--json'])).json();
    expect(report).toMatchObject({
      digest: release,
      code: (await review(vault.ben.custodian, await replica(), release)).code,
      statement: { kind: 'release', model: 'acme/ocr', leaseMs: 169_200_000 },
      standing: 'open',
      isPending: true,
      proposer: {
        person: vault.ana.custodian.person,
        name: 'ana',
        custodian: true,
        firstSeen: { index: 0 },
        machine: 'requester-key',
      },
      votes: [],
      hosts: [{ platform: 'simulated' }],
    });
    expect(refusal(await vault.twinlock('requester', ['code', release, '--json']))).toEqual([64, 'usage']);
  });

  test('is refused where it is not in the log, or is named by too little', async () => {
    const unknown = await vault.twinlock('auditor', ['code', 'ab'.repeat(32), '--json']);
    expect(refusal(unknown)).toEqual([64, 'proposal_unknown']);
    for (const named of ['', 'abc', 'xyz45678', `${release}0`]) {
      await expect(reportOn(await replica(), named, Date.now())).rejects.toMatchObject({ code: 'usage' });
    }
  });

  test('of a policy shows what it changes, whole', async () => {
    const { policy } = (await replica()).facts;
    const revoked = [{ claim: 'simulated.chip', value: '77'.repeat(32) }];
    const changed: Policy = {
      ...policy.document,
      veto: true,
      referenceValues: { ...policy.document.referenceValues, revoked },
    };
    const digest = await proposeAs(vault.ben, { kind: 'policy', policy: changed, reason: 'a chip was stolen' });
    const { changes, proposer } = await reportOn(await replica(), digest, Date.now());
    expect(proposer).toMatchObject({ name: 'ben', machine: null, custodian: true });
    expect(changes).toEqual([
      { path: 'referenceValues.revoked[]', before: null, after: JSON.stringify(revoked[0]) },
      { path: 'veto', before: String(policy.document.veto), after: 'true' },
    ]);
    const { stdout } = await vault.twinlock('auditor', ['code', digest]);
    expect(stdout).toContain('changes      veto\n  before     false\n  after      true\n');
    expect(stdout).toContain('reason       a chip was stolen\n');
  });

  test('of a machine’s key shows whose it would be and what it could do', async () => {
    const owned = { owner: 'ab'.repeat(16), ownerName: 'Zoë', models: ['*'] };
    const principal = principalRecordOf(principalKey('requester', 'canary', platformRandom(32)), owned);
    const digest = await proposeAs(vault.ben, { kind: 'principal', principal });
    const { stdout } = await vault.twinlock('auditor', ['code', digest]);
    expect(stdout).toContain('enrols       “canary”, a requester\n');
    const auditing = principalRecordOf(principalKey('auditor', 'audit', platformRandom(32)), owned);
    const audit = await proposeAs(vault.ben, { kind: 'principal', principal: auditing });
    expect((await vault.twinlock('auditor', ['code', audit])).stdout).toContain('enrols       “audit”, an auditor\n');
    const owner = `owner        “Zoë”, no custodian, id ${'ab'.repeat(16)}\n${' '.repeat(13)}not known before this\n`;
    expect(stdout).toContain(owner);
    expect(stdout).toContain(`models       *\nkey          ${principal.key}\n`);
    expect(stdout).not.toContain('BEWARE');
    const twin = { owner: 'cd'.repeat(16), ownerName: 'zoe', models: ['*'] };
    const record = principalRecordOf(principalKey('requester', 'another', platformRandom(32)), twin);
    const second = await proposeAs(vault.ben, { kind: 'principal', principal: record });
    const warned = (await vault.twinlock('auditor', ['code', second])).stdout;
    expect(warned).toContain(`BEWARE       the name “zoe” looks like “Zoë”, which is person ${'ab'.repeat(16)}`);
    expect(warned).toContain(`so wants the proposal ${digest}, which waits as well`);
    expect((await reportOn(await replica(), digest, Date.now())).alike).toMatchObject([{ digest: second }]);
  });

  test('to resume shows the stop that it takes back', async () => {
    await stopAs(vault.cleo, { what: 'all', reason: 'a drill' });
    const digest = await proposeAs(vault.ben, { kind: 'resume', reason: 'the drill is over' });
    const { stdout } = await vault.twinlock('auditor', ['code', digest]);
    const stopped = stdout.slice(stdout.indexOf('resumes from '));
    expect(stopped).toMatch(/^resumes from [0-9a-f]{64}\nstopped by/);
    expect(stopped).toContain(`stopped by   ${shown(vault.cleo)}\n`);
    expect(stopped).toMatch(/^ {13}in entry \d+, .*: “a drill”$/m);
    for (const person of [vault.ben, vault.cleo]) await approveAs(person, digest);
  });
});

describe('a proposal that has ended is shown with its votes, and that nothing is left to approve', SLOW, () => {
  const LEFT = 'nothing is left to approve';
  let policy: Facts['policy'];
  beforeAll(async () => {
    ({ policy } = (await replica()).facts);
  });

  const change = (hosts: number): Proposition => {
    const { limits, ...rest } = policy.document;
    return { kind: 'policy', policy: { ...rest, limits: { ...limits, hosts } }, reason: 'fewer hosts' };
  };
  /** For people, and what --json prints. */
  const report = async (digest: Hex) => {
    const { code, stdout } = await vault.twinlock('auditor', ['code', digest]);
    expect(code).toBe(0);
    return { stdout, json: await reportOn(await replica(), digest, Date.now()) };
  };
  const votes = (decision: 'approve' | 'deny', ...persons: readonly Person[]) =>
    persons.map(({ custodian: { person, name, credential } }) => ({
      decision,
      person,
      name,
      custodian: true,
      credential,
      firstSeen: { index: 0 },
      entry: expect.any(Number) as number,
    }));

  test('published, by whom, when and with which keys', async () => {
    const digest = await proposeAs(vault.ana, { kind: 'publish', model: 'acme/ocr', version: '1', evaluation: null });
    for (const person of [vault.ben, vault.cleo]) await approveAs(person, digest);
    const { stdout, json } = await report(digest);
    expect(stdout).toMatch(new RegExp(`^state {8}published at 20.*Z: ${LEFT}$`, 'm'));
    for (const person of [vault.ben, vault.cleo]) {
      expect(stdout).toContain(`approved by  ${shown(person)}\n${' '.repeat(13)}first seen in entry 0, `);
      expect(stdout).toMatch(
        new RegExp(`^ {13}in entry \\d+, .*, with key “key” ${person.custodian.credential}$`, 'm'),
      );
    }
    expect(json).toMatchObject({
      standing: 'executed',
      isPending: false,
      votes: votes('approve', vault.ben, vault.cleo),
    });
  });

  test('withdrawn, by whom and why', async () => {
    const digest = await proposeAs(vault.ben, change(7));
    await approveAs(vault.cleo, digest);
    await stopAs(vault.ben, { what: 'proposal', target: digest, reason: 'a mistake' });
    const { stdout, json } = await report(digest);
    expect(stdout).toContain(`state        withdrawn: ${LEFT}\nwithdrawn by ${shown(vault.ben)}\n`);
    expect(stdout).toMatch(/^ {13}in entry \d+, .*Z: “a mistake”$/m);
    expect(json).toMatchObject({
      standing: 'withdrawn',
      isPending: false,
      stop: { by: { person: vault.ben.custodian.person }, reason: 'a mistake' },
      votes: votes('approve', vault.cleo),
    });
  });

  test('denied, by whom', async () => {
    const digest = await proposeAs(vault.ben, change(7));
    for (const person of [vault.cleo, vault.ana]) await denyAs(person, digest);
    const { stdout, json } = await report(digest);
    expect(stdout).toContain(`state        denied: ${LEFT}\n`);
    expect(stdout).toContain(`denied by    ${shown(vault.cleo)}\n`);
    expect(json).toMatchObject({ standing: 'denied', isPending: false, votes: votes('deny', vault.cleo, vault.ana) });
  });

  test('expired, by this machine’s clock', async () => {
    const late = Date.now() + 366 * 86_400_000;
    const expired = await reportOn(await replica(), release, late);
    expect(expired).toMatchObject({ standing: 'expired', isPending: false });
  });

  test('ended with the clock that was set back: not "expired", beside a time that lies ahead', async () => {
    const said = 'ended: it was made by the clock that was set back';
    const pending = await reportOn(await replica(), release, Date.now());
    expect(stateRows({ ...pending, standing: 'expired', setBack: true })).toEqual([`state        ${said}: ${LEFT}`]);
    expect(stateOf({ kind: 'publish', standing: 'expired', setBack: true, overtaken: null, reach: null })).toBe(said);
  });

  test('revoked, by whom and why, after it was released', async () => {
    for (const person of [vault.ben, vault.cleo]) await approveAs(person, release);
    expect((await report(release)).stdout).toMatch(new RegExp(`^state {8}released at 20.*Z: ${LEFT}$`, 'm'));
    const leaseEnd = await reportOn(await replica(), release, Date.now() + 47 * 3_600_000);
    expect(leaseEnd).toMatchObject({ standing: 'ended', isPending: false });
    await stopAs(vault.cleo, { what: 'release', target: release, reason: 'the host is gone' });
    const { stdout, json } = await report(release);
    expect(stdout).toMatch(new RegExp(`^state {8}revoked, after it was released at 20.*Z: ${LEFT}$`, 'm'));
    expect(stdout).toContain(`\nrevoked by   ${shown(vault.cleo)}\n`);
    expect((await vault.twinlock('auditor', ['code', release, '--json'])).json()).toMatchObject({
      standing: 'revoked',
    });
    expect(json).toMatchObject({ standing: 'revoked', stop: { reason: 'the host is gone' } });
  });

  test('overtaken by another policy: what makes it current again, with which votes, and what prevents that', async () => {
    const overtaken = await proposeAs(vault.ben, change(9));
    await approveAs(vault.ana, overtaken);
    const other = await proposeAs(vault.ben, change(7));
    for (const person of [vault.ben, vault.cleo]) await approveAs(person, other);
    expect((await report(other)).stdout).toMatch(new RegExp(`^state {8}put in force at 20.*Z: ${LEFT}$`, 'm'));
    const { stdout, json } = await report(overtaken);
    expect(
      stdout,
    ).toContain(`state        overtaken: another policy has been put in force since: it cannot take effect: ask for it anew
             if the policy ${policy.digest} is in force again before it expires,
             it can take effect, with the votes that it has
             to prevent that, its proposer withdraws it
`);
    expect(stdout).toContain(`policy       ${policy.digest}, in force since entry 0, and not now\n`);
    // Every command says that it is closed, and why, in the same words.
    const said = 'overtaken: another policy has been put in force since';
    const list = async (...flags: string[]) => (await vault.twinlock('auditor', ['proposals', ...flags])).stdout;
    expect(await list()).not.toContain(overtaken);
    expect((await list('--all')).split('\n').find((line) => line.includes(overtaken))).toContain(`  ${said}  `);
    expect(JSON.parse(await list('--all', '--json'))).toMatchObject({
      proposals: expect.arrayContaining([
        expect.objectContaining({ digest: overtaken, standing: 'overtaken', overtaken: 'policy', reach: null }),
      ]),
    });
    const status = await vault.twinlock('auditor', ['status']);
    expect(status.stdout).toMatch(/^proposals {4}\d+ open, [1-9]\d* overtaken, /m);
    const audit = await vault.twinlock('auditor', ['audit']);
    expect(audit.stdout).toContain(`  closed      proposal ${overtaken.slice(0, 16)}: a change of policy is ${said}\n`);
    expect(json).toMatchObject({ standing: 'overtaken', isPending: false, votes: votes('approve', vault.ana) });
    const back = await proposeAs(vault.ben, { kind: 'policy', policy: policy.document, reason: 'as it was' });
    for (const person of [vault.ben, vault.cleo]) await approveAs(person, back);
    const again = await report(overtaken);
    expect(again.stdout).toContain('state        open: it can be approved\n');
    expect(again.json).toMatchObject({ standing: 'open', isPending: true, votes: votes('approve', vault.ana) });
    await approveAs(vault.cleo, overtaken);
    const last = await report(overtaken);
    expect(last.json).toMatchObject({ standing: 'executed', votes: votes('approve', vault.ana, vault.cleo) });
  });
});

test('documents that differ say so, however little, and the same ones say nothing', () => {
  const list = { a: [{ n: 1 }, { n: 2 }, { n: 2 }], b: { c: null } };
  expect(documentChanges(list, structuredClone(list))).toEqual([]);
  expect(documentChanges(list, { ...list, a: [{ n: 2 }, { n: 1 }, { n: 2 }] })).toEqual([
    { path: 'a', before: '[{"n":1},{"n":2},{"n":2}]', after: '[{"n":2},{"n":1},{"n":2}]' },
  ]);
  expect(documentChanges(list, { ...list, a: [{ n: 1 }, { n: 2 }] })).toEqual([
    { path: 'a[]', before: '{"n":2}', after: null },
  ]);
  expect(documentChanges(list, { a: list.a, b: { c: 'null' }, d: 0 })).toEqual([
    { path: 'b.c', before: 'null', after: '"null"' },
    { path: 'd', before: null, after: '0' },
  ]);
});
