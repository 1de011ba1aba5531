import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentChanges } from '../../../client/cli/document-changes.ts';
import { reportOn } from '../../../client/cli/proposal-report.ts';
import { review } from '../../../client/custodian/review.ts';
import { principalKey, principalRecord } from '../../../client/principal.ts';
import { platformRandom } from '../../../client/random.ts';
import type { Hex } from '../../../src/core/bytes.ts';
import type { Policy } from '../../../src/core/statement/policy.ts';
import { approveAs, denyAs, followAs, proposeAs, stopAs } from '../../vault-kit.ts';
import { type CliVault, openCliVault, type Run } from './vault.ts';

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
      'proposed by  “requester-key”, a machine of ana',
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
      proposer: { name: 'ana', machine: 'requester-key', isCustodian: true },
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

  test('is refused once it has expired, by this machine’s clock', async () => {
    const late = Date.now() + 366 * 86_400_000;
    await expect(reportOn(await replica(), release, late)).rejects.toMatchObject({ code: 'statement_expired' });
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
    expect(proposer).toMatchObject({ name: 'ben', machine: null, isCustodian: true });
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
    const principal = principalRecord(principalKey('requester', 'canary', platformRandom(32)), owned);
    const digest = await proposeAs(vault.ben, { kind: 'principal', principal });
    const { stdout } = await vault.twinlock('auditor', ['code', digest]);
    expect(stdout).toContain('enrols       “canary”, a requester\n');
    expect(stdout).toContain(`owner        Zoë, who is no custodian, person ${'ab'.repeat(16)}\n`);
    expect(stdout).toContain(`models       *\nkey          ${principal.key}\n`);
  });

  test('to resume shows the stop that it takes back', async () => {
    await stopAs(vault.cleo, { what: 'all', reason: 'a drill' });
    const digest = await proposeAs(vault.ben, { kind: 'resume', reason: 'the drill is over' });
    const { stdout } = await vault.twinlock('auditor', ['code', digest]);
    expect(stdout).toMatch(/^resumes from [0-9a-f]{64}\nstopped by {3}cleo at .*“a drill”$/m);
    for (const person of [vault.ben, vault.cleo]) await approveAs(person, digest);
    const again = await vault.twinlock('auditor', ['code', digest, '--json']);
    expect(refusal(again)).toEqual([64, 'proposal_closed']);
  });

  test('is refused once it has been denied, and where another policy has overtaken it', async () => {
    const { policy } = (await replica()).facts;
    const limits = { ...policy.document.limits, hosts: 7 };
    const change = { kind: 'policy', policy: { ...policy.document, limits }, reason: 'fewer' } as const;
    const digest = await proposeAs(vault.ben, change);
    for (const person of [vault.ben, vault.cleo]) await approveAs(person, digest);
    await expect(reportOn(await replica(), release, Date.now())).rejects.toMatchObject({ code: 'wrong_policy' });
    const next = await proposeAs(vault.ben, { ...change, policy: policy.document });
    for (const person of [vault.cleo, vault.ana]) await denyAs(person, next);
    await expect(reportOn(await replica(), next, Date.now())).rejects.toMatchObject({ code: 'proposal_closed' });
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
