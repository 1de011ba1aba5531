import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { test as _ } from 'vitest';
import { writePendingRelease } from '../../client/host/pending-release.ts';
import { writePrincipalKey } from '../../client/principal-file.ts';
import { TLS_CERTIFICATE_FILE } from '../../src/initialise.ts';
import { NODE, peakMiB, residentMiB, startProcess } from '../daemon-process.ts';
import { foundVault, prepareVault, publish, releaseAs } from '../vault-kit.ts';

const MIB = 1 << 20;
const BYTES = Number(process.env['TWINLOCK_TEST_MIB'] ?? 1024) * MIB;

import { readFileSync } from 'node:fs';
const cpuOf = (pid: number | undefined) => { const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' '); return (Number(f[13]) + Number(f[14])) / 100; };
test('perf', { timeout: 600_000 }, async () => {
  const prepared = await prepareVault();
  const daemon = await startProcess(prepared.dataDir);
  const members = await foundVault(daemon.url, prepared);
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-large-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const fd = openSync(join(folder, 'model.bin'), 'w');
  const buf = Buffer.alloc(8 * MIB, 'x');
  for (let at = 0; at < BYTES; at += buf.length) { buf.writeUInt32BE(at / buf.length, 0); writeSync(fd, buf); }
  closeSync(fd);
  const keys = mkdtempSync(join(tmpdir(), 'twinlock-keys-'));
  const run = async (act: string, role: 'depositor' | 'requester', target: string, pending = '') => {
    const key = join(keys, role);
    await writePrincipalKey(key, prepared.machines[role]);
    const t0 = performance.now();
    const child = spawn(NODE, [join(import.meta.dirname, 'transfer.ts'), act, daemon.url, join(prepared.dataDir, TLS_CERTIFICATE_FILE), members.fingerprint, key, target, pending], { stdio: ['ignore', 'pipe', 'inherit'] });
    let peak = 0; let cpu = 0; const d0 = cpuOf(daemon.child.pid);
    let done = 0;
    child.stdout?.on('data', (c) => { peak = Math.max(peak, peakMiB(child.pid)); cpu = cpuOf(child.pid); });
    const code = await new Promise((r) => child.on('exit', r));
    const s = (performance.now() - t0) / 1000;
    console.log(act, code, `${s.toFixed(1)} s`, `${(BYTES / MIB / s).toFixed(0)} MiB/s`, 'client', peak, 'daemon', peakMiB(daemon.child.pid), 'cpu client', cpu, 'daemon', (cpuOf(daemon.child.pid) - d0).toFixed(2));
  };
  await run('deposit', 'depositor', folder);
  await publish(members, { model: 'acme/large' });
  const pending = await releaseAs(members, { model: 'acme/large' });
  const pf = join(keys, 'pending');
  await writePendingRelease(pf, pending);
  const out = mkdtempSync(join(tmpdir(), 'twinlock-out-'));
  onTestFinished(() => rmSync(out, { recursive: true }));
  await run('fetch', 'requester', out, pf);
  await daemon.stop();
  rmSync(prepared.dataDir, { recursive: true });
});
