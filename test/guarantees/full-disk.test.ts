import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { fetchRelease } from '../../client/host/fetch.ts';
import { writePendingRelease } from '../../client/host/pending-release.ts';
import { writePrincipalKey } from '../../client/principal/principal-file.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { runProgram } from '../world/command-line.ts';
import { depositFiles, publish, releaseAs, stopAs } from '../world/vault/acts.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Disks in memory, of sizes that a test sets; only some users may have them. */
const place = mkdtempSync(join(tmpdir(), 'twinlock-full-disk-'));
const disk = (name: string) => join(place, name);
const mounted: string[] = [];

function mount(name: string, size: string): boolean {
  mkdirSync(disk(name));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'twinlock-test', disk(name)], {
      stdio: 'ignore',
    });
  } catch {
    return false;
  }
  mounted.push(disk(name));
  return true;
}
const resize = (name: string, size: string) => execFileSync('mount', ['-o', `remount,size=${size}`, disk(name)]);

/** Writes a file until nothing more can be written. */
function fill(path: string): void {
  const handle = openSync(path, 'w');
  try {
    for (const bytes of [1 << 20, 1]) {
      try {
        for (;;) if (writeSync(handle, new Uint8Array(bytes)) < bytes) break;
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
      }
    }
  } finally {
    closeSync(handle);
  }
}

const mayMount = mount('vault', '2g') && mount('host', '1m');
let vault: Vault;
beforeAll(async () => {
  if (!mayMount) return;
  vi.stubEnv('TMPDIR', disk('vault'));
  vault = await openVault();
  vi.unstubAllEnvs();
});
afterEach(() => rmSync(disk('vault/filler'), { force: true }));
afterAll(async () => {
  await vault?.close();
  for (const path of mounted) execFileSync('umount', ['-l', path]);
  rmSync(place, { recursive: true });
});

test.runIf(mayMount)('a host without room for the files is told so before it receives any of them', async () => {
  await depositFiles(vault, { 'a.bin': new Uint8Array(2 << 20) });
  await publish(vault);
  const pending = await releaseAs(vault);
  const stages: string[] = [];
  const fetched = fetchRelease({
    api: vault.requester.api,
    pending,
    host: 0,
    folder: disk('host/model'),
    verify: async (claim) => verifyNode(claim),
    onProgress: ({ phase }) => stages.push(phase),
  });
  await expect(fetched).rejects.toMatchObject({
    code: 'storage_full',
    message: expect.stringMatching(/\/host\/model: expected .* free, got .*: make room there/),
    detail: { neededBytes: 2 << 20 },
  });
  expect(stages).toEqual(['authority']);
  expect(readdirSync(disk('host/model'))).toEqual([]);
});

test.runIf(mayMount)(
  'twinlock fetch ends with 75 where the folder of --to has no room, and with no file there',
  async () => {
    const path = (name: string) => join(place, name);
    await writePrincipalKey(path('key'), vault.requester.principal);
    await writePendingRelease(path('host.keys'), await releaseAs(vault));
    const ca = join(vault.prepared.dataDir, 'tls.crt');
    const vaultFlags = ['--vault', vault.baseUrl, '--fingerprint', vault.fingerprint, '--ca', ca, '--key', path('key')];
    const to = ['--keys', path('host.keys'), '--to', disk('host/other')];
    const ran = await runProgram('client/cli.ts', ['fetch', ...to, ...vaultFlags], place);
    expect([ran.code, ran.stderr]).toEqual([
      75,
      expect.stringMatching(/^twinlock: .*\/host\/other: .*\(storage_full\)$/m),
    ]);
    expect(readdirSync(disk('host/other'))).toEqual([]);
  },
);

test.runIf(mayMount)('a vault whose disk is nearly full takes no deposit, and every stop', async () => {
  resize('vault', '64m');
  await expect(depositFiles(vault, { 'b.bin': platformRandom(3) }, { model: 'acme/late' })).rejects.toMatchObject({
    code: 'storage_full',
  });
  await stopAs(vault.ben, { what: 'principal', key: vault.requester.principal.key, reason: 'a test' });
  expect(vault.daemon.context.recorder.facts.principals.get(vault.requester.principal.key)?.retiredAt).not.toBeNull();
});

test.runIf(mayMount)('a vault whose disk is full says so, and goes on where it was once there is room', async () => {
  const { key } = vault.auditor.principal;
  const retired = () => vault.daemon.context.recorder.facts.principals.get(key)?.retiredAt;
  resize('vault', '64m');
  fill(disk('vault/filler'));
  const stopping = { what: 'principal', key, reason: 'a test' } as const;
  await expect(stopAs(vault.ben, stopping)).rejects.toMatchObject({ code: 'storage_full' });
  expect(retired()).toBeNull();
  expect((await vault.anonymous.vault()).fingerprint).toBe(vault.fingerprint);
  rmSync(disk('vault/filler'));
  await stopAs(vault.ben, stopping);
  expect(retired()).not.toBeNull();
  resize('vault', '2g');
  await depositFiles(vault, { 'b.bin': platformRandom(3) }, { model: 'acme/after' });
  await vault.restart();
  expect(retired()).not.toBeNull();
});
