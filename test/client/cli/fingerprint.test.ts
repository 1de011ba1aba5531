import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Api } from '../../../client/api/api.ts';
import { fingerprintOf } from '../../../client/cli/connect.ts';
import { StopKitFiles } from '../../../client/console/server/stop-kit-file.ts';
import { comparisonCode, GENESIS_WORDS } from '../../../src/core/statement/comparison-code.ts';

const [VAULT, OTHER] = ['ab'.repeat(32), 'cd'.repeat(32)];
const stateDir = mkdtempSync(join(tmpdir(), 'twinlock-fingerprint-'));
afterAll(() => rmSync(stateDir, { recursive: true }));

const silent = new Api({
  baseUrl: 'https://vault.example',
  fetch: () => Promise.reject(new TypeError('fetch failed')),
});
const settingsWith = (fingerprint: string) => ({
  vault: null,
  fingerprint,
  ca: null,
  key: null,
  stateDir,
  fromGenesis: false,
  origins: { vault: '--vault', fingerprint: '--fingerprint', ca: '--ca', key: '--key' },
  configPath: '/none',
});

test('twelve words find the vault that was followed here without asking it, and no other', async () => {
  for (const name of [`stop-kit-${VAULT}.json`, `${OTHER}.json`, 'stop-kit-x.json']) {
    writeFileSync(join(stateDir, name), '');
  }
  const kept = await new StopKitFiles(stateDir).vaults();
  expect(kept).toEqual([VAULT]);
  const words = (vault: string) => settingsWith(comparisonCode(vault, GENESIS_WORDS));
  expect(await fingerprintOf(words(VAULT), silent, kept)).toBe(VAULT);
  await expect(fingerprintOf(words(OTHER), silent, kept)).rejects.toMatchObject({ code: 'unavailable' });
  await expect(fingerprintOf(words(VAULT), silent)).rejects.toMatchObject({ code: 'unavailable' });
});

test('no state folder is no vault', async () => {
  expect(await new StopKitFiles(join(stateDir, 'nowhere')).vaults()).toEqual([]);
});
