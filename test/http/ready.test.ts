import { rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { TwinlockError } from '../../src/core/errors.ts';
import { upkeep } from '../../src/vault/upkeep.ts';
import { proposeAs, stopAs } from '../world/vault/acts.ts';
import { prepareVault } from '../world/vault/prepared.ts';
import { openVault, startInProcess, type Vault } from '../world/vault/vault.ts';
import { ask } from './ask.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const HOUR_MS = 60 * 60_000;
const clocks = {
  aheadMs: 0,
  passedMs: 0,
  now: () => Date.now() + clocks.aheadMs,
  monotonic: () => performance.now() + clocks.passedMs,
};
const faults: unknown[] = [];
let vault: Vault;

beforeAll(async () => {
  vault = await openVault({}, { clocks, stopListen: { host: '127.0.0.1', port: 0 } });
});
afterAll(() => vault.close());
beforeEach(() => {
  vi.restoreAllMocks();
  clocks.aheadMs = 0;
  faults.length = 0;
});

/** One round of the daemon's. */
function round(): Promise<void> {
  return upkeep(vault.daemon.context, HOUR_MS, { onClock: () => undefined, onFault: (error) => faults.push(error) });
}

async function said(path: string, method = 'GET', baseUrl = vault.baseUrl): Promise<readonly [number, string]> {
  const { status, body } = await ask(baseUrl, { path, method });
  return [status, body.toString()];
}

const LOG = 'not ready: the log cannot be written: see the daemon’s log\n';
const JUMPED = 'not ready: the vault’s clock has jumped since a custodian confirmed it: see README, “Clocks”\n';
const BEHIND = 'not ready: the vault’s clock is behind what custodians have signed: see README, “Clocks”\n';

test('a vault that waits for its founders is ready, by whatever clock', async () => {
  const prepared = await prepareVault();
  const daemon = await startInProcess(prepared.dataDir, [], { clocks: { ...clocks, now: () => 0 } });
  await vi.waitFor(async () => expect(await said('/readyz', 'GET', daemon.url)).toEqual([200, 'ready\n']));
  await daemon.close();
  rmSync(prepared.dataDir, { recursive: true });
});

test('a daemon is ready that can write its log, by a clock that custodians agree with', async () => {
  await proposeAs(vault.ana, {
    kind: 'policy',
    policy: { ...vault.daemon.context.recorder.facts.policy.document, veto: true },
    reason: 'a test',
  });
  await round();
  expect(await said('/readyz')).toEqual([200, 'ready\n']);
  expect(await said('/healthz')).toEqual([200, 'ok\n']);
  expect(await said('/readyz', 'HEAD')).toEqual([200, '']);
  expect((await vault.auditor.api.status()).clock).toBe('confirmed');
});

test('a clock that has jumped ahead makes the vault not ready, and leaves it alive', async () => {
  clocks.aheadMs = 8 * HOUR_MS;
  expect(await said('/readyz')).toEqual([503, JUMPED]);
  expect(await said('/readyz', 'HEAD')).toEqual([503, '']);
  expect(await said('/healthz')).toEqual([200, `ok\n${JUMPED}`]);
  expect((await vault.auditor.api.status()).clock).toBe('jumped');
  clocks.aheadMs = 0;
  expect(await said('/readyz')).toEqual([200, 'ready\n']);
});

test('a clock that is behind what custodians have signed does too, on the address for stops as well', async () => {
  clocks.aheadMs = -24 * HOUR_MS;
  const stopUrl = vault.daemon.stopUrl ?? '';
  for (const url of [vault.baseUrl, stopUrl]) {
    expect(await said('/readyz', 'GET', url)).toEqual([503, BEHIND]);
    expect(await said('/healthz', 'GET', url)).toEqual([200, `ok\n${BEHIND}`]);
  }
  expect((await vault.auditor.api.status()).clock).toBe('behind');
});

test('a log that cannot be written makes the vault not ready until it can be again', async () => {
  const { log } = vault.daemon.context;
  vi.spyOn(log, 'probe').mockRejectedValue(new TwinlockError('storage_failed', 'the disk failed'));
  await round();
  // It was written a moment ago: the disk is not asked in every round.
  expect(await said('/readyz')).toEqual([200, 'ready\n']);
  clocks.passedMs += 31_000;
  await round();
  expect(await said('/readyz')).toEqual([503, LOG]);
  expect(await said('/healthz')).toEqual([200, `ok\n${LOG}`]);
  expect(faults).toMatchObject([{ code: 'storage_failed' }]);
  vi.restoreAllMocks();
  clocks.passedMs += 31_000;
  await round();
  expect(await said('/readyz')).toEqual([200, 'ready\n']);
});

test('a daemon whose rounds have come to a halt is not ready', async () => {
  clocks.passedMs += 151_000;
  expect(await said('/readyz')).toEqual([503, LOG]);
  await round();
  expect(await said('/readyz')).toEqual([200, 'ready\n']);
});

test('a commit that failed, and may have been stored, makes the vault not ready at once; the caller may try again', async () => {
  const { log } = vault.daemon.context;
  const failed = new TwinlockError('storage_failed', 'the disk failed');
  vi.spyOn(log, 'commit').mockRejectedValue(failed);
  vi.spyOn(log, 'size').mockRejectedValue(failed);
  await expect(stopAs(vault.ben, { what: 'all', reason: 'a test' })).rejects.toMatchObject({
    code: 'storage_failed',
    group: 'retry',
  });
  expect(await said('/readyz')).toEqual([503, LOG]);
  // The operator is told what it was: the caller is not.
  expect(vault.failures).toContainEqual(failed);
  vi.restoreAllMocks();
  await stopAs(vault.ben, { what: 'all', reason: 'a test' });
  expect(await said('/readyz')).toEqual([200, 'ready\n']);
});
