import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { followLog } from '../../client/custodian/ceremony.ts';
import type { ClockState } from '../../src/vault/clock-watch.ts';
import {
  approveAs,
  depositFiles,
  openAs,
  openVault,
  phaseOf,
  publish,
  releaseAs,
  requestAs,
  type Vault,
} from '../vault-kit.ts';

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

  wrongByMs = MONTH_MS;
  await someRounds();
  await expect(followLog(vault.ben.custodian)).rejects.toThrow(refusal('clock_skew'));

  wrongByMs = 0;
  await someRounds();
  expect(await phaseOf(vault, release)).toBe('open');
  await approveAs(vault.ben, release);
  await approveAs(vault.cleo, release);
  expect(await phaseOf(vault, release)).toBe('executed');
  expect(await openAs(vault, granted)).toHaveProperty('releaseKey');

  expect(told.map(({ isConfirmed }) => isConfirmed)).toEqual([true, false, true]);
  expect(told[1]?.jumpedSeconds).toBe(MONTH_MS / 1000);
});
