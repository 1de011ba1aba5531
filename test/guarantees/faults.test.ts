import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { addAudit } from '../../client/cli/audit.ts';
import { addKey } from '../../client/cli/key.ts';
import { addStatus } from '../../client/cli/status.ts';
import { addStop } from '../../client/cli/stop.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { systemError } from '../../src/platform/files/system-error.ts';
import { dropUpload } from '../../src/vault/upload.ts';
import { depositFiles } from '../world/vault/acts.ts';
import { openVault, startInProcess, type Vault } from '../world/vault/vault.ts';
import { atLeast, ERRNOS, failEverywhere, type Home, isThorough, makeHome, twinlock } from './fault-runs.ts';
import { takesNothing, withFaults } from './faults.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let vault: Vault;
let home: Home;

beforeAll(async () => {
  vault = await openVault();
});
afterAll(() => vault.close());
beforeEach(async () => {
  home = makeHome();
  await home.configure(vault);
});
afterEach(() => home.remove());

const run = (...args: string[]) => twinlock([addAudit, addKey, addStatus, addStop], args);
const fail = (before: () => void, ...args: string[]) =>
  failEverywhere({ folder: home.folder, before, act: () => run(...args) });
const clean =
  (...names: string[]) =>
  () => {
    for (const name of names) rmSync(home.path(name), { recursive: true, force: true });
  };
const none = () => undefined;

test('wherever twinlock touches a file, what the system refuses is told with the file, and exits 64, 69 or 75', async () => {
  const { path } = home;
  const named = ['--role', 'auditor', '--name', 'audit', '--owner', 'ana'];
  const audit = ['audit', '--key', path('auditor.key')];
  expect([
    await fail(clean('a.key', 'a.key.json'), 'key', 'create', path('a.key'), ...named),
    await fail(none, 'key', 'show', path('a.key')),
    await fail(none, 'status', '--key', path('auditor.key')),
    await fail(clean('state'), ...audit),
    // With a checkpoint that it has kept.
    await fail(none, ...audit),
  ]).toEqual([15, 6, 5, 15, 15].map(atLeast));
});

test('the same of stops that are made into a file and of stops that are brought to a host', async () => {
  const { path } = home;
  const stop = ['stop', '--release', 'ab'.repeat(32), '--reason', 'a test', '--key', path('requester.key')];
  expect([
    await fail(clean('stop.json'), ...stop, '--out', path('stop.json')),
    await fail(
      () => void mkdirSync(path('stops'), { recursive: true }),
      'stop',
      path('stop.json'),
      '--to-host',
      path('stops'),
    ),
  ]).toEqual([10, 12].map(atLeast));
});

test('what the vault’s disk refuses in the middle of a deposit is told as one to try again, and leaves a log that verifies', async () => {
  const { dataDir } = vault.prepared;
  const folder = join(dataDir, 'uploads');
  let run = 0;
  const act = () => depositFiles(vault, { 'a.bin': new Uint8Array(3) }, { model: `acme/middle-${run++}` });
  const { calls } = await withFaults(folder, () => null, act);
  // A key may begin 60 uploads an hour.
  const step = Math.ceil(calls.length / (isThorough ? 50 : 10));
  for (let at = 0; at < calls.length; at += step) {
    const errno = ERRNOS[(at / step) % ERRNOS.length] as string;
    const failed = withFaults(folder, (_, index) => (index === at ? errno : null), act);
    const error = await failed.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    const { context } = vault.daemon;
    for (const upload of await context.uploads.uploads()) await dropUpload(context, upload);
    if (error === null) continue;
    expect(error, `${errno} at ${calls[at]?.name} ${calls[at]?.path}`).toMatchObject({ group: 'retry' });
    expect(String(error)).not.toContain(dataDir);
  }
  expect(calls.length).toBeGreaterThan(15);
  await depositFiles(vault, { 'a.bin': new Uint8Array(3) }, { model: 'acme/after' });
  await vault.restart();
  expect((await vault.anonymous.vault()).fingerprint).toBe(vault.fingerprint);
});

test('the same of twinlockd, whose folder starts as if nothing had been once the disk is well again', async () => {
  const { dataDir } = vault.prepared;
  await vault.daemon.close();
  const start = async () => (await startInProcess(dataDir, [])).close();
  const { calls } = await withFaults(dataDir, () => null, start);
  for (let at = 0; at < calls.length; at++) {
    const errno = ERRNOS[at % ERRNOS.length] as string;
    const failed = withFaults(dataDir, (_, index) => (index === at ? errno : null), start);
    const error = await failed.then(
      () => null,
      (thrown: unknown) => systemError(thrown),
    );
    if (error === null) continue;
    const about = `${errno} at ${calls[at]?.name} ${calls[at]?.path}: ${String(error)}`;
    expect(error, about).toBeInstanceOf(TwinlockError);
    expect(error, about).toMatchObject({ message: expect.stringContaining(dataDir) });
    expect(
      (error as TwinlockError).code === 'storage_corrupt' || (error as TwinlockError).group !== 'alert',
      about,
    ).toBe(true);
  }
  expect(calls.length).toBeGreaterThan(15);
  await vault.restart();
  expect((await vault.auditor.api.status()).fingerprint).toBe(vault.fingerprint);
});

test.each(['ENOSPC', 'EROFS', 'EIO'])(
  'a stop of a machine is sent from a disk that takes nothing more (%s)',
  async (errno) => {
    const args = ['stop', '--retire', '--reason', 'a test', '--key', home.path('requester.key')];
    const { result, calls } = await withFaults(home.folder, takesNothing(errno), () => run(...args));
    expect(result).toEqual({ code: 0, said: '' });
    expect(calls.filter(({ isWrite }) => isWrite)).toEqual([]);
    const { facts } = vault.daemon.context.recorder;
    expect(facts.principals.get(vault.requester.principal.key)?.retiredAt).not.toBeNull();
  },
);
