import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { followLog } from '../../client/custodian/ceremony.ts';
import { fetchRelease } from '../../client/host/fetch.ts';
import { parseEntry } from '../../src/core/log/entry.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import type { ClockState } from '../../src/vault/clock-watch.ts';
import { approveAs, depositFiles, openAs, phaseOf, publish, releaseAs, requestAs } from '../world/vault/acts.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const MONTH_MS = 30 * 24 * 60 * 60_000;
const refusal = (code: string) => expect.objectContaining({ code });

/** A daemon whose upkeep runs by itself, and whose wall clock the test sets; everybody else has the true time. */
let vault: Vault;
let wrongByMs = 0;
let rounds = 0;
const told: ClockState[] = [];

beforeEach(async () => {
  wrongByMs = 0;
  told.length = 0;
  vault = await openVault(
    {},
    {
      clocks: { now: () => Date.now() + wrongByMs, monotonic: () => performance.now() },
      upkeepMs: 20,
      onClock: (state) => told.push(state),
    },
  );
  const { uploads } = vault.daemon.context;
  const listed = uploads.uploads.bind(uploads);
  uploads.uploads = () => {
    rounds++;
    return listed();
  };
});
afterEach(async () => {
  await vault.close();
  expect(vault.failures).toEqual([]);
});

/** What an auditor is shown of what is under way. */
async function shown() {
  const { api } = vault.auditor;
  const [{ open, leases }, listed, all] = [await api.status(), await api.proposals('open'), await api.proposals('all')];
  const standings = all.proposals.map(({ digest, standing }) => [digest, standing]);
  return { open, leases, listed: listed.proposals.map(({ digest }) => digest), standings };
}

async function someRounds(): Promise<void> {
  const until = rounds + 3;
  await vi.waitFor(() => expect(rounds).toBeGreaterThanOrEqual(until), { timeout: 10_000 });
}

test('a daemon whose clock is a month ahead for a while goes on afterwards as if nothing had been', async () => {
  await depositFiles(vault, { 'a.bin': new Uint8Array(10) });
  await publish(vault);
  const granted = await releaseAs(vault);
  const { release } = await requestAs(vault);
  await someRounds();
  const before = await shown();
  expect(before).toMatchObject({ open: 1, leases: 1, listed: [release] });

  wrongByMs = MONTH_MS;
  await someRounds();
  expect(await shown(), 'the vault has ended nothing, and says so').toEqual(before);
  await expect(followLog(vault.ben.custodian)).rejects.toThrow(refusal('clock_skew'));

  wrongByMs = 0;
  await someRounds();
  expect(await phaseOf(vault, release)).toBe('open');
  await approveAs(vault.ben, release);
  await approveAs(vault.cleo, release);
  expect(await phaseOf(vault, release)).toBe('executed');
  expect(await openAs(vault, granted)).toHaveProperty('releaseKey');

  expect(told.map(({ standing }) => standing)).toEqual(['confirmed', 'jumped', 'confirmed']);
  expect(told[1]?.jumpedSeconds).toBe(MONTH_MS / 1000);
});

test('a host that fetches while the vault’s clock is a month ahead waits until it is right, and has the weights', async () => {
  await depositFiles(vault, { 'a.bin': new Uint8Array(10) });
  await publish(vault);
  const pending = await releaseAs(vault);
  await someRounds();
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-clock-'));
  const said: unknown[] = [];
  const { api } = vault.requester;
  const handover = api.handover.bind(api);
  api.handover = (...named) =>
    handover(...named).catch((error) => {
      said.push(error.code);
      throw error;
    });
  // A vault that could not be reached would be given up at once.
  const retry = {
    tries: 1,
    forMs: 0,
    now: () => 0,
    sleep: async () => {
      wrongByMs = 0;
    },
  };
  wrongByMs = MONTH_MS;
  const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);
  await fetchRelease({ api, pending, host: 0, folder, verify, retry });
  expect(said).toEqual(['unavailable']);
  expect(readdirSync(folder)).toEqual(['a.bin']);
  expect(await phaseOf(vault, pending.release)).toBe('executed');
  rmSync(folder, { recursive: true });
});

test.each([
  ['ahead', MONTH_MS],
  ['behind', -MONTH_MS],
])('a deposit that began before the vault’s clock was a month %s ends all the same, truly dated', async (_, wrong) => {
  await depositFiles(vault, { 'a.bin': new Uint8Array(10) });
  await publish(vault);
  await someRounds();
  const { uploads, log, recorder } = vault.daemon.context;
  const advance = uploads.advance.bind(uploads);
  uploads.advance = async (...part) => {
    await advance(...part);
    wrongByMs = wrong;
  };
  await depositFiles(vault, { 'a.bin': new Uint8Array(20 << 20) }, { version: '2' });
  const [last] = await log.entries(recorder.size - 1, 1);
  const { kind, time } = parseEntry(last?.bytes as Uint8Array);
  expect(kind).toBe('deposit');
  expect(Math.abs(time - Date.now())).toBeLessThan(5 * 60_000);
});
