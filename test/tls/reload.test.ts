import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { reloadOnSignal } from '../../src/cli/reload.ts';
import { selfSigned } from '../../src/http/certificate.ts';
import { ServedTls } from '../../src/tls/served.ts';
import { type DaemonProcess, startProcess } from '../world/daemon-process.ts';
import { prepareVault } from '../world/vault/prepared.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

type Pair = Awaited<ReturnType<typeof selfSigned>>;
let folder: string;
let dataDir: string;
let daemon: DaemonProcess;
let [first, second, third]: Pair[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-reload-'));
  [first, second, third] = await Promise.all([1, 2, 3].map(() => selfSigned(['127.0.0.1'], Date.now())));
  mount(first as Pair, 'one');
  mkdirSync(join(folder, 'endorsements'));
  ({ dataDir } = await prepareVault());
  const tls = ['--tls-cert', join(folder, 'tls/tls.crt'), '--tls-key', join(folder, 'tls/tls.key')];
  daemon = startProcess(dataDir, 0, [...tls, '--endorsements', join(folder, 'endorsements')]);
  await daemon.url;
});
afterAll(async () => {
  await daemon.kill();
  for (const dir of [folder, dataDir]) rmSync(dir, { recursive: true });
});

/** As Kubernetes renews a Secret: the files are links through `..data`, which is replaced. */
function mount({ certificate, key }: Pair, name: string): void {
  const mounted = join(folder, 'tls');
  mkdirSync(join(mounted, name), { recursive: true });
  writeFileSync(join(mounted, name, 'tls.crt'), certificate);
  writeFileSync(join(mounted, name, 'tls.key'), key);
  symlinkSync(name, join(mounted, '..data_tmp'));
  renameSync(join(mounted, '..data_tmp'), join(mounted, '..data'));
  if (name !== 'one') return;
  for (const file of ['tls.crt', 'tls.key']) symlinkSync(`..data/${file}`, join(mounted, file));
}

/** The SHA-256 of the certificate that new connections get. */
async function servedNow(): Promise<string> {
  const { port } = new URL(await daemon.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false }, () => {
      expect(socket.getProtocol()).toBe('TLSv1.3');
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

/** Sends it, and returns what the daemon logs until the pattern comes up as often as that. */
async function hangUp(pattern: RegExp, times: number): Promise<void> {
  daemon.child.kill('SIGHUP');
  while ([...daemon.output().matchAll(pattern)].length < times) {
    if (daemon.child.exitCode !== null) throw new Error(daemon.output());
    await sleep(20);
  }
}

const of = (pair: Pair | undefined) => new X509Certificate(pair?.certificate ?? '').fingerprint256;

test('SIGHUP has the daemon take up certificate and endorsements anew, and ends nothing', async () => {
  expect(await servedNow()).toBe(of(first));
  mount(second as Pair, 'two');
  writeFileSync(join(folder, 'endorsements/misspelt'), '');
  await hangUp(/"msg":"certificate renewed"/g, 1);
  expect(daemon.output()).toContain(of(second).replaceAll(':', '').toLowerCase());
  expect(await servedNow()).toBe(of(second));
  while (!daemon.output().includes('misspelt')) await sleep(20);

  // A renewal that is half done: the old pair stays, and it is said.
  mount({ certificate: (third as Pair).certificate, key: (second as Pair).key }, 'three');
  await hangUp(/is not the key of .*"msg":"reload failed: what was there stays"/g, 1);
  expect(await servedNow()).toBe(of(second));
  rmSync(join(folder, 'endorsements'), { recursive: true });
  await hangUp(/there is no such folder.*"msg":"reload failed: what was there stays"/g, 1);
  mount(third as Pair, 'four');
  await hangUp(/"msg":"certificate renewed"/g, 2);
  expect(await servedNow()).toBe(of(third));
  // Of each that is taken up, for as long as the vault waits for its founders.
  const unvouched = /"level":50,.*"msg":"the founders’ consoles will not connect/g;
  while ([...daemon.output().matchAll(unvouched)].length < 3) await sleep(20);
  expect(await daemon.stop()).toBe(0);
});

test('a certificate that is renewed on the disk is taken up without a signal, and half a renewal is not', async () => {
  const [old, renewed] = [first, second].map((pair) => ({ cert: pair?.certificate ?? '', key: pair?.key ?? '' }));
  let onDisk: typeof old | Error = old;
  const contexts: unknown[] = [];
  const read = () => {
    if (onDisk instanceof Error || onDisk === undefined) throw onDisk;
    return onDisk;
  };
  const tls = new ServedTls(read, old as NonNullable<typeof old>, [
    { setSecureContext: (options) => contexts.push(options) },
  ]);
  const lines: string[] = [];
  const log = (_: unknown, line = '') => lines.push(line);
  reloadOnSignal({ info: log, warn: log, error: log } as never, 5).begin({
    tls,
    onRenewed: async () => undefined,
    reloadEndorsements: null,
  });
  await sleep(50);
  expect(lines).toEqual([]);
  onDisk = new Error('half');
  await vi.waitFor(() => expect(lines).toEqual(['reload failed: what was there stays']));
  await sleep(50);
  expect(lines).toHaveLength(1);
  onDisk = renewed;
  await vi.waitFor(() => expect(lines).toEqual(['reload failed: what was there stays', 'certificate renewed']));
  expect(contexts).toEqual([{ ...renewed, minVersion: 'TLSv1.3' }]);
});
