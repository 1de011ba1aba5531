import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { writePendingRelease } from '../../client/host/pending-release.ts';
import { writePrincipalKey } from '../../client/principal/principal-file.ts';
import { TLS_CERTIFICATE_FILE } from '../../src/founding/initialise.ts';
import { type DaemonProcess, NODE, peakMiB, residentMiB, startProcess } from '../world/daemon-process.ts';
import { publish, releaseAs } from '../world/vault/acts.ts';
import { foundVault, type Members } from '../world/vault/members.ts';
import { type Prepared, prepareVault } from '../world/vault/prepared.ts';

/** What goes through; TWINLOCK_TEST_MODEL_MIB=4096 for the whole of what is promised. */
const MODEL_MIB = Number(process.env['TWINLOCK_TEST_MODEL_MIB'] ?? 512);
const LIMIT_MIB = 300;
/** What a collector of garbage leaves for later, more or less. */
const NOISE_MIB = 64;
const SAMPLE_MS = 50;

vi.setConfig({ testTimeout: 15 * 60_000, hookTimeout: 60_000 });

let folder: string;
let prepared: Prepared;
let daemon: DaemonProcess;
let members: Members;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-memory-'));
  prepared = await prepareVault();
  daemon = startProcess(prepared.dataDir);
  members = await foundVault(await daemon.url, prepared);
});
afterAll(async () => {
  await daemon.stop();
  for (const each of [folder, prepared.dataDir]) rmSync(each, { recursive: true, force: true });
});

test(`${MODEL_MIB} MiB go in and come out while daemon and client hold less than ${LIMIT_MIB}`, async () => {
  const model = join(folder, 'model');
  mkdirSync(model);
  writeFileSync(join(model, 'weights.bin'), 'a hole follows');
  truncateSync(join(model, 'weights.bin'), MODEL_MIB * 2 ** 20);
  await holdsLittle('deposit', 'depositor', model);

  await publish(members, { model: 'acme/large' });
  const pending = await releaseAs(members, { model: 'acme/large' });
  const pendingFile = join(folder, 'pending.json');
  await writePendingRelease(pendingFile, pending);
  await holdsLittle('fetch', 'requester', join(folder, 'host'), pendingFile);
  expect(statSync(join(folder, 'host/weights.bin')).size).toBe(MODEL_MIB * 2 ** 20);
});

/** Runs a client as a process of its own, and looks at what it and the daemon hold until it ends. */
async function holdsLittle(act: string, role: 'depositor' | 'requester', target: string, pending = ''): Promise<void> {
  const key = join(folder, `${role}.json`);
  await writePrincipalKey(key, prepared.machines[role]);
  const script = join(import.meta.dirname, 'transfer.ts');
  const ca = join(prepared.dataDir, TLS_CERTIFICATE_FILE);
  const args = [script, act, members.baseUrl, ca, members.fingerprint, key, target, pending];
  const began = performance.now();
  const child = spawn(NODE, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const client = new Watched(child.pid);
  const served = new Watched(daemon.child.pid);
  const isOver = ended.then(() => true);
  while (!(await Promise.race([isOver, sleep(SAMPLE_MS, false)]))) {
    client.look();
    served.look();
  }
  expect((await ended)[0], `the exit code of ${act}`).toBe(0);
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${act}: ${MODEL_MIB} MiB in ${seconds.toFixed(1)} s, ${(MODEL_MIB / seconds).toFixed(0)} MiB/s; ` +
      `peaks: client ${client.peak.toFixed(0)} MiB, daemon ${served.peak.toFixed(0)} MiB`,
  );
  for (const [who, { peak, growth }] of Object.entries({ client, served })) {
    expect(peak, `the peak of ${who} in ${act}`).toBeLessThan(LIMIT_MIB);
    expect(growth, `the growth of ${who} in ${act}`).toBeLessThan(NOISE_MIB);
  }
}

/** A process that is looked at now and then. */
class Watched {
  readonly #pid: number | undefined;
  readonly #samples: number[] = [];
  peak = 0;

  constructor(pid: number | undefined) {
    this.#pid = pid;
  }

  look(): void {
    try {
      this.#samples.push(residentMiB(this.#pid));
      this.peak = peakMiB(this.#pid);
    } catch {
      // it has ended in between
    }
  }

  /** From the second quarter of its time, when everything has been loaded, to the last. */
  get growth(): number {
    const quarter = this.#samples.length >> 2;
    return median(this.#samples.slice(-quarter)) - median(this.#samples.slice(quarter, 2 * quarter));
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
