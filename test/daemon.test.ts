import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ask } from './http/ask.ts';
import { type DaemonProcess, NODE, startProcess } from './world/daemon-process.ts';
import { depositFiles, requestAs } from './world/vault/acts.ts';
import { foundVault } from './world/vault/members.ts';
import { type Prepared, prepareVault } from './world/vault/prepared.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let prepared: Prepared;
let daemon: DaemonProcess;

beforeEach(async () => {
  prepared = await prepareVault();
  daemon = startProcess(prepared.dataDir);
});
afterEach(async () => {
  await daemon.kill();
  rmSync(prepared.dataDir, { recursive: true, force: true });
});

test('twinlockd answers callers who wait, and ends well, when it is told to', async () => {
  const members = await foundVault(await daemon.url, prepared);
  await depositFiles(members, { 'a.bin': new Uint8Array(1) });
  const { release } = await requestAs(members, { purpose: 'evaluation' });
  const waiting = members.requester.api.awaitProposal(release, 'open', 60);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const began = performance.now();
  const code = await daemon.stop();
  expect((await waiting).phase).toBe('open');
  expect(code).toBe(0);
  // Well below the grace that a request under way would have: connections that are kept alive hold nothing up.
  expect(performance.now() - began).toBeLessThan(8000);
  const lines = daemon
    .output()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string });
  expect(lines.slice(0, 2).map(({ msg }) => msg)).toEqual(['endorsements', 'serving']);
  expect(lines.map(({ msg }) => msg)).toContain('stopping');
});

test('twinlockd tells of every answer, and of what goes wrong its code', async () => {
  const url = await daemon.url;
  await ask(url, { path: '/v1/vault?secret=1' });
  await ask(url, { path: '/v1/status', token: 'A'.repeat(43) });
  await daemon.stop();
  const lines = daemon
    .output()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const answered = lines.filter(({ msg }) => msg === 'answered');
  expect(answered).toMatchObject([
    { level: 30, method: 'GET', path: '/v1/vault', status: 200 },
    { level: 40, method: 'GET', path: '/v1/status', status: 401, code: 'unauthenticated' },
  ]);
  expect(daemon.output()).not.toMatch(/secret|AAAA|Bearer/);
});

test('twinlockd says at its start what endorsements it has, and of mirrors their hosts alone', async () => {
  await daemon.stop();
  const folder = join(prepared.dataDir, 'operator');
  mkdirSync(join(folder, 'tdx'), { recursive: true });
  writeFileSync(join(folder, 'tdx/qe-identity.json'), '{}');
  writeFileSync(join(folder, 'misplaced.crl'), '');
  const more = ['--endorsements', folder, '--endorsement-mirror', 'intel=https://pccs.example:8081/of-ours'];
  daemon = startProcess(prepared.dataDir, 0, more);
  await daemon.url;
  await daemon.stop();
  const lines = daemon
    .output()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.find(({ msg }) => msg === 'endorsements')).toMatchObject({
    level: 40,
    folder,
    files: { certificates: 0, lists: 0, collateral: 1, keySets: 0 },
    notUnderstood: 1,
    examples: ['misplaced.crl'],
    mirrors: { intel: 'pccs.example' },
  });
  expect(daemon.output()).not.toContain('of-ours');
});

test('a vault whose log is gone is not served as one that was never founded', async () => {
  await daemon.url;
  await daemon.stop();
  rmSync(join(prepared.dataDir, 'vault.sqlite'));
  daemon = startProcess(prepared.dataDir);
  await expect(daemon.url).rejects.toThrow(/storage_corrupt/);
});

test('a port that is taken is told in one line', async () => {
  const { port } = new URL(await daemon.url);
  const other = await prepareVault();
  const second = startProcess(other.dataDir, Number(port));
  await expect(second.url).rejects.toThrow(/EADDRINUSE.*--listen/);
  expect(second.output()).not.toMatch(/^ +at /m);
  rmSync(other.dataDir, { recursive: true, force: true });
});

test('a daemon whose own log has no room answers, and ends when it is told to', async () => {
  const { port } = new URL(await daemon.url);
  await daemon.stop();
  const full = openSync('/dev/full', 'w');
  const args = [join(import.meta.dirname, '../src/main.ts'), '--data', prepared.dataDir, 'serve'];
  const child = spawn(NODE, [...args, '--listen', `127.0.0.1:${port}`], { stdio: ['ignore', full, 'pipe'] });
  const gone = once(child, 'close');
  const url = `https://127.0.0.1:${port}`;
  await vi.waitFor(async () => expect((await ask(url, { path: '/readyz' })).status).toBe(200), { timeout: 15_000 });
  for (let i = 0; i < 5; i++) expect((await ask(url, { path: '/v1/vault' })).status).toBe(200);
  child.kill('SIGTERM');
  expect((await gone)[0]).toBe(0);
  closeSync(full);
});
