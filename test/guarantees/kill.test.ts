import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, watch } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFailed, onTestFinished, test, vi } from 'vitest';
import { Api } from '../../client/api/api.ts';
import type { RetryPolicy } from '../../client/api/retry.ts';
import { audit } from '../../client/auditor/audit.ts';
import { deposit } from '../../client/depositor/deposit.ts';
import { fetchRelease, sendReceipt } from '../../client/host/fetch.ts';
import type { PendingRelease } from '../../client/host/pending-release.ts';
import { waitForRelease } from '../../client/host/wait.ts';
import { vaultSource } from '../../client/log/source.ts';
import { openPrincipalSession } from '../../client/principal/principal.ts';
import type { Hex } from '../../src/core/bytes.ts';
import { type Code, TwinlockError } from '../../src/core/errors.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { SNAPSHOT_FILE } from '../../src/store/snapshot.ts';
import { seededRandom } from '../core/seeded-random.ts';
import { type DaemonProcess, startProcess } from '../world/daemon-process.ts';
import { approveAs, followAs, publish, releaseAs, requestAs } from '../world/vault/acts.ts';
import { foundVault, type Members, type Person, signInAgain } from '../world/vault/members.ts';
import { modelFolder } from '../world/vault/model.ts';
import { type Prepared, prepareVault } from '../world/vault/prepared.ts';
import { Acknowledged } from './acknowledged.ts';

/** During deposits, approvals and fetches each. */
const KILLS = 17;
const LONGEST_MS = 300;
/** About as long as the vault takes to check and record an act. */
const AIMED_MS = 30;
/** A start that is killed too is killed before it serves, or soon after. */
const LONGEST_START_MS = 700;
const EVERY_SO_MANY_STARTS = 6;
const PATIENCE_MS = 120_000;
const TIMEOUT_MS = 10 * 60_000;
const MIB = 1 << 20;
const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);

/** The client's own, which looks more often. */
const RETRY: RetryPolicy = {
  tries: PATIENCE_MS / 25,
  forMs: PATIENCE_MS,
  now: () => Date.now(),
  sleep: (ms) => sleep(Math.min(ms, 25)),
};

/** What becomes of a request to a daemon that is killed: it is gone, or has forgotten sessions and challenges. */
const FORGOTTEN: ReadonlySet<Code> = new Set(['unavailable', 'unauthenticated', 'challenge_unknown']);

/** A founded vault whose daemon is killed and started again, on the same folder and port. */
class Victim {
  readonly prepared: Prepared;
  readonly port: number;
  /** Their sessions go past `acknowledged`: what the test does in peace. */
  readonly members: Members;
  readonly acknowledged = new Acknowledged();
  kills = 0;
  /** Kills that came while the daemon owed somebody an answer. */
  interrupted = 0;
  #daemon: DaemonProcess;
  readonly #random: () => number;

  private constructor(prepared: Prepared, port: number, daemon: DaemonProcess, members: Members, seed: string) {
    this.prepared = prepared;
    this.port = port;
    this.#daemon = daemon;
    this.members = members;
    const random = seededRandom(seed);
    this.#random = () => Buffer.from(random(4)).readUInt32BE() / 2 ** 32;
  }

  static async found(): Promise<Victim> {
    const seed = process.env['TWINLOCK_KILL_SEED'] ?? String(randomInt(1_000_000));
    onTestFailed(() => console.error(`killed at the instants of TWINLOCK_KILL_SEED=${seed}`));
    const prepared = await prepareVault();
    const port = await quietPort();
    const daemon = startProcess(prepared.dataDir, port);
    const members = await foundVault(await daemon.url, prepared);
    const victim = new Victim(prepared, port, daemon, members, seed);
    onTestFinished(async () => {
      await victim.#daemon.kill();
      rmSync(prepared.dataDir, { recursive: true });
    });
    return victim;
  }

  /** The vault as its clients reach it. */
  get api(): Api {
    return new Api({ baseUrl: this.members.baseUrl, fetch: this.acknowledged.fetch });
  }

  session(role: 'depositor' | 'requester') {
    return openPrincipalSession(this.api, this.prepared.machines[role], this.members.fingerprint);
  }

  /**
   * Kills for as long as `work` is under way and kills are left, holding the vault to its word after each. Every
   * other kill is aimed, so that it comes while something is being answered: what is asked for under `aim`, mostly.
   */
  async killDuring<T>(work: Promise<T>, aim: RegExp): Promise<T> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    const over = work.then(end, end);
    while (this.kills < KILLS) {
      await Promise.race([over, this.#instant(aim)]);
      if (isOver) break;
      await this.#kill();
    }
    return work;
  }

  async #instant(aim: RegExp): Promise<void> {
    if (this.kills % 2 === 0) return sleep(this.#random() * LONGEST_MS);
    await this.acknowledged.asked(aim);
    await sleep(this.#random() * AIMED_MS);
    // Answered by now: the next one, then.
    if (this.acknowledged.underWay === 0) await this.acknowledged.asked(aim);
  }

  async #kill(): Promise<void> {
    this.kills++;
    if (this.acknowledged.underWay > 0) this.interrupted++;
    await this.#daemon.kill();
    this.acknowledged.isShut = true;
    this.#daemon = startProcess(this.prepared.dataDir, this.port);
    if (this.kills % EVERY_SO_MANY_STARTS === 0) {
      await sleep(this.#random() * LONGEST_START_MS);
      await this.#daemon.kill();
      this.#daemon = startProcess(this.prepared.dataDir, this.port);
    }
    await this.#daemon.url;
    await this.isWhole();
    this.acknowledged.isShut = false;
  }

  /** Starts without a snapshot, so that one is written at once, and is killed as soon as its file is there. */
  async killWhileItWrites(): Promise<void> {
    const { dataDir } = this.prepared;
    await this.#daemon.kill();
    rmSync(join(dataDir, SNAPSHOT_FILE), { force: true });
    const begun = Promise.withResolvers<void>();
    const watcher = watch(dataDir, (_, name) => {
      if (name?.endsWith('.aside')) begun.resolve();
    });
    this.#daemon = startProcess(dataDir, this.port);
    await begun.promise;
    await this.#daemon.kill();
    watcher.close();
  }

  async startsAgain(): Promise<void> {
    this.#daemon = startProcess(this.prepared.dataDir, this.port);
    await this.#daemon.url;
    await this.isWhole();
  }

  /** The log verifies from the fingerprint, for one who has never seen it, and has all that was acknowledged. */
  async isWhole(): Promise<void> {
    const { auditor, depositor, fingerprint } = this.members;
    await this.acknowledged.isKept(await followAs(auditor, fingerprint), depositor.api);
  }

  /** After the last kill. */
  async audited() {
    expect(this.kills).toBe(KILLS);
    expect(this.interrupted, 'kills that interrupted something').toBeGreaterThanOrEqual(Math.floor(KILLS / 2));
    await this.isWhole();
    const { auditor, fingerprint } = this.members;
    const report = await audit(vaultSource(auditor.api), { fingerprint, verify, now: Date.now, memory: null });
    expect(report.integrity).toMatchObject({ verdict: 'pass', fault: null });
    return report;
  }

  /** Everybody, with the custodians signed in to the daemon as it runs now. */
  async signedInAgain(): Promise<Members> {
    const { members } = this;
    const signIn = (person: Person) => signInAgain(members, person);
    const { ana, ben, cleo } = members;
    return { ...members, ana: await signIn(ana), ben: await signIn(ben), cleo: await signIn(cleo) };
  }
}

/** Below what the system gives to others, so that it stays free while the daemon is down. */
async function quietPort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** As somebody does who sees the vault go away: the same again, until it has been done. */
async function again<T>(act: () => Promise<T>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      const isForgotten = error instanceof TwinlockError && FORGOTTEN.has(error.code);
      if (!isForgotten || Date.now() > end) throw error;
      await sleep(25);
    }
  }
}

type Files = Readonly<Record<string, Uint8Array>>;

/** Some twenty parts to send, of one to three segments. */
function modelOf(seed: number): Files {
  const bytes = (length: number, n: number) => Uint8Array.from({ length }, (_, i) => i * 31 + (i >> 8) * n + seed);
  const files = (count: number, name: string, length: (n: number) => number) =>
    Array.from({ length: count }, (_, n) => [`${name}${n}`, bytes(length(n), n + 1)] as const);
  return Object.fromEntries([...files(10, 'layer-', (n) => MIB + 200_001 * n), ...files(10, 'small/', (n) => 999 + n)]);
}

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function depositAs(victim: Victim, files: Files, version: string): Promise<void> {
  const folder = modelFolder(files);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const named = { model: 'acme/ocr', version, folder, modelSignature: null };
  const session = await again(() => victim.session('depositor'));
  const replica = await again(() => followAs(session, victim.members.fingerprint));
  await deposit(session, replica, { ...named, now: Date.now, random: platformRandom, retry: RETRY });
}

function isModel(folder: string, files: Files): void {
  for (const [path, bytes] of Object.entries(files)) {
    expect(readFileSync(join(folder, path)).equals(bytes), path).toBe(true);
  }
}

/**
 * Approves as a custodian does who gets no answer: signs in, replays, reviews and approves anew. Where the vault
 * then says that they have decided already, or that it is over, it had recorded what it did not tell.
 */
function approveAnew({ api, members }: Victim, voter: Person, release: Hex): Promise<void> {
  let attempts = 0;
  return again(async () => {
    const person = await signInAgain({ ...members, anonymous: api }, voter);
    attempts++;
    try {
      await approveAs(person, release);
    } catch (error) {
      const isRecorded = error instanceof TwinlockError && ['already_voted', 'proposal_closed'].includes(error.code);
      if (!isRecorded || attempts === 1) throw error;
    }
  });
}

const title = `a daemon that is killed ${3 * KILLS} times starts again, its log verifies, nothing acknowledged is lost`;
describe(title, { timeout: TIMEOUT_MS }, () => {
  test('during deposits, which go on to their end', async () => {
    const victim = await Victim.found();
    const deposited: Files[] = [];
    while (victim.kills < KILLS) {
      const files = modelOf(deposited.length);
      const work = depositAs(victim, files, String(deposited.length));
      await victim.killDuring(work, /^\/v1\/(?:uploads\/|deposits)/);
      deposited.push(files);
    }
    const report = await victim.audited();
    expect(report.completeness.versions.quarantined).toBe(deposited.length);
    const members = await victim.signedInAgain();
    const { api } = members.requester;
    for (const [version, files] of deposited.entries()) {
      await publish(members, { version: String(version) });
      const pending = await releaseAs(members, { version: String(version) });
      const folder = temporary();
      await fetchRelease({ api, pending, host: 0, folder, verify });
      isModel(folder, files);
    }
  });

  test('during approvals, which count once, told or not', async () => {
    const victim = await Victim.found();
    const { members } = victim;
    await depositAs(victim, { 'config.json': new Uint8Array(100) }, '1');
    await publish(members);
    const requester = await victim.session('requester');
    const voters = [members.ben, members.cleo];
    const releases: PendingRelease[] = [];
    const releaseOne = async () => {
      const pending = await again(() => requestAs({ ...members, requester }));
      releases.push(pending);
      await Promise.all(voters.map((voter) => approveAnew(victim, voter, pending.release)));
    };
    while (victim.kills < KILLS) await victim.killDuring(releaseOne(), /\/approvals$/);
    // A daemon that began anew releases nothing alone: an approval that is recorded has brought its release.
    for (const release of releases) await waitForRelease(requester.api, release, { retry: RETRY });
    const report = await victim.audited();
    expect(report.completeness.tally.approvals).toBe(2 + voters.length * releases.length);
    const { facts } = await followAs(members.auditor, members.fingerprint);
    const persons = voters.map(({ custodian }) => custodian.person).sort();
    for (const { release } of releases) {
      const votes = facts.proposals.get(release)?.votes ?? [];
      expect(votes.map(({ person }) => person).sort()).toEqual(persons);
    }
  });

  test('during fetches, which go on to their end', async () => {
    const victim = await Victim.found();
    const files = modelOf(0);
    await depositAs(victim, files, '1');
    await publish(victim.members);
    const pending = await releaseAs(victim.members, { bytes: 3_000_000_000n });
    const { api } = await victim.session('requester');
    const fetchTo = (folder: string) => fetchRelease({ api, pending, host: 0, folder, verify, retry: RETRY });
    while (victim.kills < KILLS) {
      const folder = temporary();
      await victim.killDuring(fetchTo(folder), /^\/v1\/weights\//);
      isModel(folder, files);
    }
    await sendReceipt(api, pending, 0, await fetchTo(temporary()));
    const { completeness } = await victim.audited();
    expect(completeness).toMatchObject({ verdict: 'pass', releases: { withReceipts: 1 } });
  });
});

/** Kills that came while the daemon was writing its snapshot. */
const UNFINISHED = 2;

test('a daemon that is killed while it writes its snapshot starts again, and removes what it left', {
  timeout: TIMEOUT_MS,
}, async () => {
  const victim = await Victim.found();
  const { dataDir } = victim.prepared;
  const snapshots = () => readdirSync(dataDir).filter((name) => name === SNAPSHOT_FILE || name.endsWith('.aside'));
  let unfinished = 0;
  for (let tries = 0; unfinished < UNFINISHED; tries++) {
    expect(tries, 'kills until enough came while it wrote').toBeLessThan(30);
    await victim.killWhileItWrites();
    const left = snapshots();
    if (left.some((name) => name.endsWith('.aside'))) unfinished++;
    await victim.startsAgain();
    await vi.waitFor(() => expect(snapshots()).toEqual([SNAPSHOT_FILE]));
  }
});
