import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { followLog } from '../../../client/custodian/ceremony.ts';
import { confirmCustody } from '../../../client/custodian/custody.ts';
import { signStop } from '../../../client/custodian/stop.ts';
import { TargetFolder } from '../../../client/host/target.ts';
import { checkpointFiles } from '../../../client/log/checkpoint-file.ts';
import { writeStopFile } from '../../../client/statements/stop-file.ts';
import type { Hex } from '../../../src/core/bytes.ts';
import { digestOf } from '../../../src/core/canonical.ts';
import { comparisonCode, GENESIS_WORDS } from '../../../src/core/statement/comparison-code.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import { type CliVault, openCliVault, type Run, runProgram } from '../../world/command-line.ts';
import { startProcess } from '../../world/daemon-process.ts';
import { approveAs, denyAs } from '../../world/vault/acts.ts';

let vault: CliVault;
const WEIGHTS = new Uint8Array(1_500_000).map((_, i) => (i * 31) % 251);
/** Each run is a process of its own. */
const SLOW = { timeout: 60_000 };

beforeAll(async () => {
  vault = await openCliVault();
  mkdirSync(vault.path('model/sub'), { recursive: true });
  writeFileSync(vault.path('model/weights.bin'), WEIGHTS);
  writeFileSync(vault.path('model/sub/config.json'), '{}');
}, 60_000);
afterAll(() => vault?.close());

/** What stands before the lines of a run, in their order and each once. */
function labelsOf(printed: string): readonly string[] {
  return [...new Set([...printed.matchAll(/^([a-z]+) {2,}\S/gm)].map(([, label]) => label ?? ''))];
}

/** What the README says that a command prints. */
function readmeSays(command: string): string {
  const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
  return readme.split(`\n$ twinlock ${command} `)[1]?.split(/\n(?:\n|`)/)[0] ?? '';
}

/** The code that a run with --json was refused with, and its exit code. */
function refusal({ code, stdout, stderr }: Run): [number | null, string] {
  expect(stdout).toBe('');
  return [code, (JSON.parse(stderr) as { error: { code: string } }).error.code];
}

async function approveByTwo(digest: Hex): Promise<void> {
  for (const person of [vault.ben, vault.cleo]) await approveAs(person, digest);
}

/** The next proposal that appears. */
async function nextOpen(): Promise<Hex> {
  for (;;) {
    const { proposals } = await vault.auditor.api.proposals('open');
    if (proposals[0] !== undefined) return proposals[0].digest;
    await sleep(50);
  }
}

describe('what is refused before the vault is asked for anything', SLOW, () => {
  test('a key is shown as twinlockd init takes it, without its secret, and is never overwritten', async () => {
    const file = vault.path('requester.key');
    expect(statSync(file).mode & 0o077).toBe(0);
    const { seed } = JSON.parse(readFileSync(file, 'utf8')) as { seed: string };
    const shown = await runProgram('bin/twinlock.js', ['key', 'show', file, '--json'], vault.folder);
    expect(shown.json()).toMatchObject({ role: 'requester', ownerName: 'ana', models: ['acme/*'] });
    expect(shown.stdout + shown.stderr).not.toContain(seed);
    const record = await runProgram('client/cli.ts', ['key', 'show', `${file}.json`], vault.folder);
    expect(record.stderr).toMatch(
      /requester\.key\.json is the public half of a key, .*: give .*requester\.key \(malformed\)\n$/,
    );
    const again = ['key', 'create', file, '--role', 'auditor', '--name', 'x', '--owner', 'ana', '--json'];
    const refused = await runProgram('client/cli.ts', again, vault.folder);
    expect(refusal(refused)).toEqual([64, 'exists']);
    expect(refused.stderr).toMatch(
      /is not overwritten: it may be a key in use, .*: name another file\. twinlock key show .*requester\.key/,
    );
    // Nor is a key made whose record could not be written.
    const half = vault.path('half.key');
    writeFileSync(`${half}.json`, 'a record');
    expect(refusal(await runProgram('client/cli.ts', again.with(2, half), vault.folder))).toEqual([64, 'exists']);
    expect([existsSync(half), readFileSync(`${half}.json`, 'utf8')]).toEqual([false, 'a record']);
  });

  test('the fingerprint is never learnt from the vault', async () => {
    const where = ['--vault', vault.baseUrl, '--ca', vault.path('data/tls.crt'), '--key', vault.path('auditor.key')];
    const run = await runProgram('client/cli.ts', ['status', ...where], vault.folder);
    expect([run.code, run.stdout]).toEqual([64, '']);
    expect(run.stderr).toMatch(/^twinlock: .*--fingerprint.*TWINLOCK_FINGERPRINT.*\(usage\)\n$/);
  });

  test('a vault of another fingerprint, in hex and in words', async () => {
    const other = 'ab'.repeat(32);
    for (const TWINLOCK_FINGERPRINT of [other, comparisonCode(other, GENESIS_WORDS)]) {
      const run = await vault.twinlock('auditor', ['status', '--json'], { env: { TWINLOCK_FINGERPRINT } });
      expect(refusal(run)).toEqual([70, 'wrong_genesis']);
    }
  });

  test('a vault that is not founded, for a user with a fingerprint: it is another, or has lost its log', async () => {
    const dataDir = vault.path('unfounded');
    const founders = ['--founder', 'ana', '--founder', 'ben', '--founder', 'cleo', '--grade', 'simulation'];
    await runProgram('src/main.ts', ['--data', dataDir, 'init', ...founders], vault.folder);
    const daemon = startProcess(dataDir);
    onTestFinished(async () => void (await daemon.stop()));
    const env = { TWINLOCK_VAULT: await daemon.url, TWINLOCK_CA: `${dataDir}/tls.crt` };
    for (const fingerprint of [vault.fingerprint, comparisonCode(vault.fingerprint, GENESIS_WORDS)]) {
      const asked = { env: { ...env, TWINLOCK_FINGERPRINT: fingerprint } };
      expect(refusal(await vault.twinlock('auditor', ['audit', '--json'], asked))).toEqual([70, 'wrong_genesis']);
    }
  });

  test('a folder that cannot take the weights, before the custodians are asked', async () => {
    const fetch = ['fetch', 'acme/ocr@1', '--reason', 'a test', '--simulated-chip', vault.path('chip'), '--json'];
    const run = await vault.twinlock('requester', [...fetch, '--to', vault.path('auditor.key')]);
    expect(refusal(run)).toEqual([64, 'exists']);
    expect((await vault.auditor.api.status()).entries).toBe(1);
  });

  test('a folder that another process works in, before the custodians are asked', async () => {
    const held = await TargetFolder.open(vault.path('held'), 'fetching acme/ocr@1');
    onTestFinished(() => held.close());
    const fetch = ['fetch', 'acme/ocr@1', '--reason', 'a test', '--simulated-chip', vault.path('chip'), '--json'];
    const run = await vault.twinlock('requester', [...fetch, '--to', vault.path('held')]);
    expect(refusal(run)).toEqual([75, 'in_use']);
    expect(run.stderr).toContain(`process ${process.pid} on `);
    expect((await vault.auditor.api.status()).entries).toBe(1);
  });

  test('the key of another role, a certificate that is not trusted, a vault that is not there', async () => {
    const deposit = await vault.twinlock('requester', ['deposit', 'model', '--as', 'acme/ocr@1', '--json']);
    expect(refusal(deposit)).toEqual([64, 'usage']);
    const untrusted = await vault.twinlock('auditor', ['status', '--json'], { env: { TWINLOCK_CA: '' } });
    expect(refusal(untrusted)).toEqual([64, 'usage']);
    const gone = await vault.twinlock('auditor', ['status'], { env: { TWINLOCK_VAULT: 'https://127.0.0.1:2' } });
    expect(gone.code).toBe(69);
    expect(gone.stderr).toMatch(/^twinlock: cannot reach the vault .*\(unavailable\)\n$/);
  });

  test('a request without a reason, or without evidence; and nothing has come to the vault', async () => {
    const request = ['request', 'acme/ocr@1', '--keys', vault.path('none.keys'), '--json'];
    expect(refusal(await vault.twinlock('requester', request))).toEqual([64, 'usage']);
    const unproved = [...request, '--reason', 'a test', '--evidence', 'simulated'];
    expect(refusal(await vault.twinlock('requester', unproved))).toEqual([64, 'usage']);
    expect((await vault.auditor.api.status()).entries).toBe(1);
  });
});

describe('deposit, evaluate, publish, release', SLOW, () => {
  test('a folder becomes a quarantined version, once', async () => {
    const deposit = ['deposit', vault.path('model'), '--as', 'acme/ocr@1', '--json'];
    const run = await vault.twinlock('depositor', deposit);
    expect(run.stderr).toBe('');
    expect(run.json()).toMatchObject({ model: 'acme/ocr', version: '1', files: 2, bytes: 1_500_002, envelopes: 3 });
    expect(refusal(await vault.twinlock('depositor', deposit))).toEqual([64, 'version_exists']);
    const status = (await vault.twinlock('auditor', ['status', '--json'])).json();
    const [version] = status['versions'] as { durable: boolean; phase: string }[];
    expect(version).toMatchObject({ phase: 'quarantined', durable: false });
  });

  test('an evaluation is fetched first and answered for later, with its report', async () => {
    const keys = vault.path('eval.keys');
    const ask = ['request', 'acme/ocr@1', '--purpose', 'evaluation', '--reason', 'first look', '--lease', '2h'];
    const asked = await vault.twinlock('requester', [...ask, '--keys', keys, '--simulated-chip', 'chip', '--json']);
    const { release, code } = asked.json() as { release: Hex; code: string };
    expect(code.split(' ')).toHaveLength(4);
    expect(statSync(keys).mode & 0o077).toBe(0);
    await approveByTwo(release);
    const fetch = ['fetch', '--keys', keys, '--to', vault.path('eval'), '--mode', '0640', '--json'];
    expect((await vault.twinlock('requester', [...fetch, '--no-receipt'])).json()['receipt']).toBeNull();
    expect(statSync(vault.path('eval/weights.bin')).mode & 0o777).toBe(0o640);
    const open = await vault.twinlock('auditor', ['audit', '--json']);
    expect([open.code, open.json()['completeness']]).toEqual([4, expect.objectContaining({ verdict: 'open' })]);

    writeFileSync(vault.path('report.json'), '{"accuracy":0.97}');
    const report = ['--evaluation-report', vault.path('report.json')];
    const answered = (await vault.twinlock('requester', [...fetch, ...report])).json();
    expect(answered['receipt']).toBeTypeOf('number');
    const { entries } = await vault.auditor.api.entries(answered['receipt'] as number, 1);
    expect(JSON.parse(entries[0] ?? '')).toMatchObject({
      body: { type: 'host', release, evaluation: digestOf(new TextEncoder().encode('{"accuracy":0.97}')) },
    });
  });

  test('publication cites it and takes two others', async () => {
    const { release } = JSON.parse(readFileSync(vault.path('eval.keys'), 'utf8')) as { release: Hex };
    const run = await vault.twinlock('depositor', ['publish', 'acme/ocr@1', '--evaluation', release, '--json']);
    const { proposal } = run.json() as { proposal: Hex };
    const listed = await vault.twinlock('auditor', ['proposals']);
    expect(listed.stdout).toMatch(new RegExp(`^publish .* ${proposal}$`, 'm'));
    await approveByTwo(proposal);
    const list = (await vault.twinlock('auditor', ['proposals', '--all', '--json'])).json();
    expect(list['proposals']).toContainEqual(expect.objectContaining({ digest: proposal, phase: 'executed' }));
    expect((await vault.twinlock('auditor', ['proposals'])).stdout).toBe('nothing waits for a decision\n');
  });

  test('a host waits for two, fetches what was deposited, and nothing again that is there', async () => {
    const to = vault.path('out');
    const fetch = ['fetch', 'acme/ocr@1', '--to', to, '--reason', 'rollout, OPS-7', '--simulated-chip', 'chip'];
    const fetching = vault.twinlock('requester', [...fetch, '--json']);
    await approveByTwo(await nextOpen());
    const first = (await fetching).json() as { receivedBytes: number; receipt: number; others: string[] };
    expect(first.others).toEqual([]);
    expect(new Uint8Array(readFileSync(vault.path('out/weights.bin')))).toEqual(WEIGHTS);
    expect(readFileSync(vault.path('out/sub/config.json'), 'utf8')).toBe('{}');
    expect(readdirSync(to).sort()).toEqual(['sub', 'weights.bin']);

    rmSync(vault.path('out/sub/config.json'));
    writeFileSync(vault.path('out/old.bin'), 'of another version');
    const again = vault.twinlock('requester', fetch);
    await approveByTwo(await nextOpen());
    const { code, stdout, stderr } = await again;
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^fetched {6}acme\/ocr@1: 2 files, 1\.4 MiB/)]);
    expect(stderr).toMatch(
      /^there {8}2 files in .*out already: if an earlier fetch of acme\/ocr@1 has ended there, end this one/m,
    );
    expect(stderr).toMatch(/^waiting {6}2 more to approve$/m);
    expect(stderr).toMatch(
      /^released {5}“\w+”, custodian, id [0-9a-f]{32}, approves; “\w+”, custodian, id [0-9a-f]{32}, /m,
    );
    expect(stdout).toMatch(/^received {5}\d+ bytes of ciphertext/m);
    expect(stdout).toMatch(
      /^beside {7}1 file in .* is not of acme\/ocr@1: "old\.bin": remove what a server must not load/m,
    );
    expect(labelsOf(readmeSays('fetch'))).toEqual(labelsOf((stderr + stdout).replace(/^(?:beside|there).*\n/gm, '')));
    expect(first.receivedBytes).toBeGreaterThan(WEIGHTS.length);
    expect(readFileSync(vault.path('out/sub/config.json'), 'utf8')).toBe('{}');
  });
});

describe('how it ends otherwise', SLOW, () => {
  const fetch = ['fetch', 'acme/ocr@1', '--to', 'never', '--reason', 'a test', '--simulated-chip', 'chip'];

  test('a denied request ends with an exit code of its own', async () => {
    const fetching = vault.twinlock('requester', [...fetch, '--json']);
    // The owner has no vote: without ben, two can no longer be found.
    await denyAs(vault.ben, await nextOpen());
    expect(refusal(await fetching)).toEqual([5, 'request_denied']);
  });

  test('what a machine has asked for is ended by its own key alone', async () => {
    const request = async (keys: string) => {
      const args = [
        'request',
        'acme/ocr@1',
        '--keys',
        keys,
        '--reason',
        'a test',
        '--simulated-chip',
        'chip',
        '--json',
      ];
      return ((await vault.twinlock('requester', args)).json() as { release: Hex }).release;
    };
    const phaseOf = async (digest: Hex) => (await vault.auditor.api.proposal(digest)).phase;
    const first = await request('first.keys');
    expect(refusal(await vault.twinlock('depositor', ['withdraw', first, '--json']))).toEqual([64, 'not_permitted']);
    expect(await phaseOf(first)).toBe('open');
    const withdrawn = await vault.twinlock('requester', ['withdraw', first, '--json']);
    expect([withdrawn.code, withdrawn.json()]).toMatchObject([0, { what: 'proposal', target: first, already: false }]);
    expect(await phaseOf(first)).toBe('withdrawn');

    const second = await request('second.keys');
    await approveByTwo(second);
    expect(refusal(await vault.twinlock('requester', ['withdraw', second, '--json']))).toEqual([8, 'proposal_closed']);
    const end = ['release', 'end', second, '--json'];
    expect(refusal(await vault.twinlock('depositor', end))).toEqual([64, 'not_permitted']);
    // Another host's release of the version is in force.
    const named = ['release', 'end', 'acme/ocr@1', '--json'];
    const several = await vault.twinlock('requester', named);
    expect(refusal(several)).toEqual([64, 'usage']);
    expect(several.stderr).toContain(second);
    const ended = await vault.twinlock('requester', [...end, '--reason', 'the host is gone']);
    expect(ended.json()).toMatchObject({ what: 'release', target: second });
    expect(await phaseOf(second)).toBe('revoked');
    expect(refusal(await vault.twinlock('requester', ['withdraw', second, '--json']))).toEqual([8, 'proposal_closed']);
    const unknown = ['release', 'end', 'acme/ocr@9', '--json'];
    expect(refusal(await vault.twinlock('requester', unknown))).toEqual([64, 'proposal_unknown']);
    const fetching = await vault.twinlock('requester', ['fetch', '--keys', 'second.keys', '--to', 'ended']);
    expect([fetching.code, fetching.stderr]).toEqual([8, expect.stringMatching(/\(release_revoked\)\n$/)]);
    expect(fetching.stderr).toContain('the host is gone');
    const says = new RegExp(
      `^requested {4}acme/ocr@1\\ndigest {7}${second}\\ncode {9}\\w+ \\w+ \\w+ \\w+\\nuntil {8}.*Z$`,
      'm',
    );
    expect(fetching.stderr).toMatch(says);
  });

  test('an interrupted one is withdrawn with its keys, also where the terminal and a launcher both interrupt it', async () => {
    const { code, stdout, stderr } = await vault.twinlock('requester', fetch, {
      interruptAt: 'waiting',
      isInterruptedTwice: true,
    });
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).toMatch(
      /^withdrawn .*: its keys were in this process alone: twinlock request --keys FILE, then .*\n^twinlock: .*\(cancelled\)\n/m,
    );
    expect(stderr).not.toMatch(/^ +at /m);
    const { proposals } = await vault.auditor.api.proposals('all');
    expect(proposals[0]).toMatchObject({ kind: 'release', phase: 'withdrawn', standing: 'withdrawn' });
  });

  test('one that waits says that a stop was brought to its host, once, and nothing of another vault’s', async () => {
    const stops = vault.path('stops');
    mkdirSync(stops);
    const ceremony = { authenticator: vault.ana.device, random: platformRandom, now: () => 0 };
    const [own] = vault.ana.enrolled;
    if (own === undefined) throw new Error('expected an enrolled authenticator');
    for (const [i, of] of ['ab'.repeat(32), vault.fingerprint, vault.fingerprint].entries()) {
      const signed = await signStop(ceremony, of, own, { what: 'all', reason: `drill ${i}` }, null);
      await writeStopFile(join(stops, `${i}.json`), signed);
    }
    const { code, stderr } = await vault.twinlock('requester', [...fetch, '--stops', stops], {
      interruptAt: 'brought  ',
    });
    expect(code).toBe(130);
    const brought = stderr.split('\n').filter((line) => line.startsWith('brought'));
    expect(brought).toEqual([
      expect.stringContaining(
        `a stop of everything, said to be by the security key ${own.credential}, lies in ${stops}`,
      ),
    ]);
  });

  test('one whose place for stops is not there is refused before anything is asked of the vault', async () => {
    const { proposals } = await vault.auditor.api.proposals('all');
    const run = await vault.twinlock('requester', [...fetch, '--stops', vault.path('mistyped')]);
    expect([run.code, run.stdout]).toEqual([64, '']);
    expect(run.stderr).toMatch(/^twinlock: --stops .*mistyped: .*make the folder.*\(not_found\)\n$/);
    expect((await vault.auditor.api.proposals('all')).proposals).toHaveLength(proposals.length);
  });

  test('one that waits names each file that is no stop, once, and says when its place for stops is gone', async () => {
    const stops = vault.path('stops-gone');
    mkdirSync(stops);
    writeFileSync(join(stops, 'none.json'), '{}');
    const { proposals } = await vault.auditor.api.proposals('all');
    const run = vault.twinlock('requester', [...fetch, '--stops', stops], { interruptAt: 'gone  ' });
    await vi.waitFor(async () => {
      expect((await vault.auditor.api.proposals('all')).proposals.length).toBeGreaterThan(proposals.length);
    }, 20_000);
    // Longer than it takes to look twice.
    await sleep(1500);
    rmSync(stops, { recursive: true });
    const { stderr } = await run;
    expect(stderr.match(/^ignored .*none\.json: /gm)).toHaveLength(1);
    expect(stderr.match(/^gone .*stops-gone: no stop reaches this host/gm)).toHaveLength(1);
  });
});

describe('audit', SLOW, () => {
  test('gives two verdicts with their counts, and passes where nothing is open', async () => {
    const { versions } = await vault.auditor.api.status();
    const replica = await followLog(vault.ana.custodian);
    await confirmCustody(vault.ana.custodian, replica, versions[0]?.manifest ?? '');
    const run = await vault.twinlock('auditor', ['audit']);
    expect(labelsOf(readmeSays('audit'))).toEqual(labelsOf(run.stdout));
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/^integrity +PASS\n +\d+ entries, \d+ signatures and 9 appraisals reached again$/m);
    expect(run.stdout).toMatch(/^completeness +PASS\n +releases: 4; with receipts 3, ended without 1, awaited 0$/m);
    expect(run.stdout).toContain('grade simulation');
  });

  test('fails with 3 where the log is shorter than it was', async () => {
    const state = vault.path('elsewhere');
    const root = 'cd'.repeat(32);
    await checkpointFiles(`${state}/twinlock`).put(vault.fingerprint, { size: 1_000_000, root });
    const run = await vault.twinlock('auditor', ['audit', '--json'], { env: { XDG_STATE_HOME: state } });
    expect(run.code).toBe(3);
    expect(run.json()).toMatchObject({
      integrity: { verdict: 'fail', fault: { code: 'rolled_back' } },
      completeness: { verdict: 'unknown' },
    });
  });
});
