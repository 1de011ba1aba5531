import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { addAppraise } from '../../client/cli/appraise.ts';
import { addCode } from '../../client/cli/code.ts';
import { addConsole } from '../../client/cli/console.ts';
import { addDeposit } from '../../client/cli/deposit.ts';
import { addEvidence } from '../../client/cli/evidence.ts';
import { addFetch } from '../../client/cli/fetch.ts';
import { addReferenceValues } from '../../client/cli/reference-values.ts';
import { addRequest } from '../../client/cli/request.ts';
import { writePendingRelease } from '../../client/host/pending-release.ts';
import { addInit } from '../../src/cli/init.ts';
import { SIMULATED_IMAGE } from '../../src/core/attest/simulated/report.ts';
import { toBase64url } from '../../src/core/bytes.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { founderFileBytes } from '../../src/wire/founder-file.ts';
import { MEASUREMENT, POLICY } from '../world/founding.ts';
import { approveAs, depositFiles, publish, requestAs } from '../world/vault/acts.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import {
  atLeast,
  failEverywhere,
  type Home,
  isThorough,
  makeHome,
  type Ran,
  twinlock,
  twinlockd,
} from './fault-runs.ts';
import { withFaults } from './faults.ts';

vi.setConfig({ testTimeout: isThorough ? 30 * 60_000 : 60_000, hookTimeout: 60_000 });

/** A console ends as soon as it says where it is. */
let interrupted = new AbortController();
vi.mock('../../client/cli/interrupt.ts', () => ({ interruptible: () => interrupted.signal }));

const ROOT = join(import.meta.dirname, '../..');
const WEIGHTS = platformRandom(3000);
/** Requests of one key that stay open, and uploads of one key an hour: then another vault. */
const RUNS_A_VAULT = { request: 14, deposit: 25 };

let vault: Vault;
let home: Home;
const path = (...names: string[]) => home.path(...names);
const remove = (...names: string[]) => {
  for (const name of names) rmSync(path(name), { recursive: true, force: true });
};

beforeAll(async () => {
  vault = await openFilledVault();
});
afterAll(() => vault.close());
beforeEach(async () => {
  home = makeHome();
  interrupted = new AbortController();
  await home.configure(vault);
  mkdirSync(path('model', 'sub'), { recursive: true });
  writeFileSync(path('model', 'weights.bin'), WEIGHTS);
  writeFileSync(path('model', 'sub', 'config.json'), '{}');
});
afterEach(() => home.remove());

/** With one version that is published. */
async function openFilledVault(): Promise<Vault> {
  const { referenceValues } = POLICY;
  const simulated = { platform: 'simulated', measurements: [MEASUREMENT, SIMULATED_IMAGE].sort() } as const;
  const opened = await openVault({ policy: { referenceValues: { ...referenceValues, simulated } } });
  await depositFiles(opened, { 'weights.bin': WEIGHTS, 'sub/config.json': new TextEncoder().encode('{}') });
  await publish(opened);
  return opened;
}

/** Every so many runs in another vault, whose limits nothing has used. */
async function renewVault(run: number, every: number): Promise<void> {
  if (run === 0 || run % every !== 0) return;
  await vault.close();
  vault = await openFilledVault();
  await home.configure(vault);
}

test('evidence, what is made of it, and the chip that gives it', async () => {
  const run = (...args: string[]) => twinlock([addEvidence, addAppraise, addReferenceValues], args);
  const fail = (before: () => void, ...args: string[]) =>
    failEverywhere({ folder: home.folder, before, act: () => run(...args), most: 6 });
  const evidence = ['evidence', path('host.json'), '--simulated-chip', path('chip')];
  const values = ['reference-values', 'from-evidence', path('host.json'), '--out', path('values.json')];
  const values2 = [...values.slice(0, -1), path('more.json'), '--merge', path('values.json'), '--force'];
  expect([
    await fail(() => remove('host.json', 'chip'), ...evidence),
    await fail(() => remove('host.json'), ...evidence),
    await fail(() => remove('values.json'), ...values),
    await fail(() => undefined, ...values2),
    await fail(() => undefined, 'reference-values', 'check', path('values.json')),
    await fail(() => undefined, 'reference-values', 'diff', path('values.json'), path('more.json')),
    await fail(() => undefined, 'appraise', path('host.json'), '--reference-values', path('values.json')),
  ]).toEqual([20, 10, 10, 10, 4, 8, 8].map(atLeast));
});

test('a request, which is not asked for where the place of its keys cannot be looked at', async () => {
  let runs = 0;
  const ask = ['request', 'acme/ocr@1', '--reason', 'a test', '--key', path('requester.key'), '--to', path('out')];
  const calls = await failEverywhere({
    folder: home.folder,
    before: async () => {
      await renewVault(runs++, RUNS_A_VAULT.request);
      remove('ocr.keys');
    },
    act: () => twinlock([addRequest], [...ask, '--keys', path('ocr.keys'), '--simulated-chip', path('chip')]),
    most: 10,
  });
  expect(calls).toEqual(atLeast(15));

  remove('ocr.keys');
  const { entries } = await vault.auditor.api.status();
  const { result } = await withFaults(
    path('ocr.keys'),
    ({ name }) => (/^(?:access|l?stat)$/.test(name) ? 'EACCES' : null),
    () => twinlock([addRequest], [...ask, '--keys', path('ocr.keys'), '--simulated-chip', path('chip')]),
  );
  expect(result).toEqual({ code: 64, said: expect.stringMatching(/ocr\.keys: .*\(not_permitted\)/) });
  expect((await vault.auditor.api.status()).entries).toBe(entries);
});

test('a deposit goes on with the same command once the disk is well', async () => {
  let version = 1;
  let runs = 0;
  const act = () => {
    const deposit = ['deposit', path('model'), '--as', `acme/new@${version}`, '--key', path('depositor.key')];
    return twinlock([addDeposit, addCode], [...deposit, '--model-signature', path('signature')]);
  };
  writeFileSync(path('signature'), '{}');
  const calls = await failEverywhere({
    folder: home.folder,
    before: async () => {
      await renewVault(runs++, RUNS_A_VAULT.deposit);
      version++;
    },
    act,
    after: async () => {
      // What failed after the vault had recorded it is refused by its name.
      const again = await act();
      expect([0, 64], again.said).toContain(again.code);
      if (again.code === 64) expect(again.said).toContain('(version_exists)');
    },
    most: 10,
  });
  expect(calls).toEqual(atLeast(40));
});

test('a fetch goes on with the same command once the disk is well, and what it leaves is whole', async () => {
  const pending = await requestAs(vault, { bytes: 1_000_000_000n });
  await approveAs(vault.ben, pending.release);
  await approveAs(vault.cleo, pending.release);
  await writePendingRelease(path('ocr.keys'), pending);
  writeFileSync(path('report.json'), '{}');
  const fetch = ['fetch', '--keys', path('ocr.keys'), '--to', path('out'), '--key', path('requester.key')];
  const more = ['--no-receipt', '--mode', '0640', '--evaluation-report', path('report.json')];
  const act = () => twinlock([addFetch], [...fetch, ...more]);
  const isWhole = ({ code, said }: Ran) => {
    expect(code, said).toBe(0);
    expect(readFileSync(path('out', 'weights.bin'))).toEqual(Buffer.from(WEIGHTS));
    expect(readFileSync(path('out', 'sub', 'config.json'), 'utf8')).toBe('{}');
  };
  const after = async () => isWhole(await act());
  // Of a version's own files, as in its manifest.
  const names = ['weights.bin', 'sub/config.json'];
  const { folder } = home;
  expect([
    await failEverywhere({ folder, before: () => remove('out'), act, after, most: 12, names }),
    // Everything is there.
    await failEverywhere({ folder, act, after, most: 6, names }),
  ]).toEqual([40, 20].map(atLeast));
});

test('a console starts, for a founder who was handed a file too', async () => {
  // Where a browser’s tests run, they have built it.
  if (!existsSync(join(ROOT, 'dist/console/index.html'))) {
    await build({ configFile: join(ROOT, 'client/console/vite.config.ts'), logLevel: 'error' });
  }
  const ca = readFileSync(join(vault.prepared.dataDir, 'tls.crt'), 'utf8');
  const invitation = toBase64url(platformRandom(32));
  const file = founderFileBytes({
    vault: vault.baseUrl,
    ca,
    name: 'ana',
    invitation,
    referenceValues: 'ab'.repeat(32),
  });
  writeFileSync(path('founder.json'), file, { mode: 0o600 });
  const start = (...args: string[]) => {
    interrupted = new AbortController();
    return twinlock([addConsole], ['console', ...args], () => interrupted.abort());
  };
  const { folder } = home;
  expect([
    await failEverywhere({ folder, act: () => start() }),
    await failEverywhere({
      folder,
      before: () => remove('state'),
      act: () => start('--invitation', path('founder.json')),
    }),
  ]).toEqual([4, 15].map(atLeast));
});

test('twinlockd init, which can be run again: what it had made is removed', async () => {
  const founders = ['ana', 'ben', 'cleo'].flatMap((name) => ['--founder', name]);
  const init = ['--data', path('data'), 'init', '--grade', 'simulation', '--out', path('founders'), ...founders];
  const act = () => twinlockd([addInit], init);
  const calls = await failEverywhere({
    folder: home.folder,
    before: () => remove('data', 'founders'),
    act,
    after: async () => expect(await act()).toMatchObject({ code: 0 }),
    most: 10,
  });
  expect(calls).toEqual(atLeast(20));
});
