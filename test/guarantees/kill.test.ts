import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Api } from '../../client/api.ts';
import { approve } from '../../client/custodian/approve.ts';
import { followLog } from '../../client/custodian/ceremony.ts';
import { review } from '../../client/custodian/review.ts';
import { deposit } from '../../client/depositor/deposit.ts';
import { fetchRelease } from '../../client/host/fetch.ts';
import { openPrincipalSession, type PrincipalSession } from '../../client/principal.ts';
import { platformRandom } from '../../client/random.ts';
import { rootAt } from '../../client/replay.ts';
import type { Replica } from '../../client/replica.ts';
import type { RetryPolicy } from '../../client/retry.ts';
import { type Fetch, platformFetch } from '../../client/transport.ts';
import { type Hex, toHex, utf8 } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { parseCheckpointText } from '../../src/core/log/checkpoint.ts';
import { parseNote } from '../../src/core/log/note.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { seededRandom } from '../core/seeded-random.ts';
import { type DaemonProcess, startProcess } from '../daemon-process.ts';
import {
  approveAs,
  followAs,
  foundVault,
  type Members,
  modelFolder,
  type Person,
  type Prepared,
  prepareVault,
  publish,
  requestAs,
  signInAgain,
} from '../vault-kit.ts';

/** More than fifty in all. */
const KILLS = { deposit: 18, approval: 18, fetch: 18 } as const;
/** A kill comes this long after the daemon serves; now and then already while it starts. */
const LONGEST_LIFE_MS = 350;
const LONGEST_START_MS = 600;
/** Every file is a part of its own, and a range of its own. */
const FILES = Object.fromEntries(
  Array.from({ length: 16 }, (_, i) => [`layer-${i}.bin`, new Uint8Array(100_000 + i).fill(i + 1)]),
);
const RETRY: RetryPolicy = { forMs: 60_000, now: () => Date.now(), sleep: () => sleep(25) };

const random = seededRandom('kill');
/** 0 to 1. */
const draw = () => ((random(1)[0] ?? 0) * 256 + (random(1)[0] ?? 0)) / 65_536;

let prepared: Prepared;
let daemon: DaemonProcess;
let members: Members;
let port: number;
/** What a client was told is recorded: it must be in every log from then on. */
const acknowledged = new Map<number, Hex>();
/** Segments that a client was told are stored, by upload and file. */
const stored = new Map<string, number>();

beforeAll(async () => {
  prepared = await prepareVault();
  daemon = startProcess(prepared.dataDir);
  const url = await daemon.url;
  port = Number(new URL(url).port);
  members = await foundVault(url, prepared);
}, 30_000);
afterAll(async () => {
  await daemon.stop();
  rmSync(prepared.dataDir, { recursive: true, force: true });
});

/** Remembers what the vault acknowledges. */
const watching: Fetch = async (url, init) => {
  const response = await platformFetch(url, init);
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  if (!response.ok || init.method === 'GET' || !isJson) return response;
  const said = (await response.clone().json()) as { index?: number; checkpoint?: string; segments?: unknown };
  if (said.index !== undefined && said.checkpoint !== undefined) {
    const { size, root } = parseCheckpointText(parseNote(utf8(said.checkpoint)).text);
    acknowledged.set(size, toHex(root));
  }
  if (typeof said.segments === 'number') stored.set(new URL(url).pathname, said.segments);
  return response;
};
const anonymous = () => new Api({ baseUrl: members.baseUrl, fetch: watching });

/**
 * Kills the daemon `times` while `work` is done again and again, and after each kill starts it, replays what the
 * auditor had not seen, and looks for everything that has been acknowledged.
 */
async function killDuring(times: number, work: () => Promise<void>): Promise<void> {
  const auditor = await openPrincipalSession(members.anonymous, prepared.machines.auditor, members.fingerprint);
  const replica = await followAs(auditor, members.fingerprint);
  let isOver = false;
  let failure: unknown = null;
  const working = (async () => {
    while (!isOver) await work();
  })().catch((error: unknown) => {
    failure = error;
  });
  for (let i = 0; i < times && failure === null; i++) {
    await sleep(draw() * LONGEST_LIFE_MS);
    await daemon.kill();
    daemon = startProcess(prepared.dataDir, port);
    if (i % 6 === 5) {
      await sleep(draw() * LONGEST_START_MS);
      await daemon.kill();
      daemon = startProcess(prepared.dataDir, port);
    }
    await daemon.url;
    await nothingIsLost(replica);
  }
  isOver = true;
  await working;
  if (failure !== null) throw failure;
  await nothingIsLost(await followAs(auditor, members.fingerprint));
}

async function nothingIsLost(replica: Replica): Promise<void> {
  await replica.extend();
  for (const [size, root] of acknowledged) expect(rootAt(replica.state, size), `entry ${size - 1}`).toBe(root);
}

/** Again and again, while the daemon comes and goes. Whoever had signed in signs in anew. */
async function persist<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof TwinlockError && TRANSIENT.has(error.code))) throw error;
      await sleep(25);
    }
  }
}
const TRANSIENT: ReadonlySet<string> = new Set(['unavailable', 'unauthenticated', 'challenge_unknown']);

const sessionOf = (role: 'depositor' | 'requester'): Promise<PrincipalSession> =>
  persist(() => openPrincipalSession(anonymous(), prepared.machines[role], members.fingerprint));

test('a deposit goes on after every kill, and what was acknowledged of it stays', { timeout: 180_000 }, async () => {
  const folder = modelFolder(FILES);
  let version = 0;
  await killDuring(KILLS.deposit, async () => {
    const session = await sessionOf('depositor');
    const replica = await persist(() => followAs(session, members.fingerprint));
    const named = { model: 'acme/ocr', version: String(++version), folder, modelSignature: null };
    const options = { ...named, now: Date.now, random: platformRandom, retry: RETRY };
    await persist(() => session.api.openUpload({ model: named.model, version: named.version, files: ['1', '1'] }));
    await deposit(session, replica, options);
  });
  rmSync(folder, { recursive: true });
  const { versions } = await (await sessionOf('depositor')).api.status();
  expect(versions.map((deposited) => Number(deposited.version)).sort((a, b) => a - b)).toEqual(
    Array.from({ length: version }, (_, i) => i + 1),
  );
  expect(stored.size).toBeGreaterThan(0);
});

test('approvals go on after every kill, and each counts once', { timeout: 180_000 }, async () => {
  await signEverybodyIn();
  await publish(members);
  const released: Hex[] = [];
  await killDuring(KILLS.approval, async () => {
    const requester = await sessionOf('requester');
    const { release } = await persist(() => requestAs({ ...members, requester }));
    for (const person of [members.ben, members.cleo]) await approveAnew(person, release);
    released.push(release);
  });
  await signEverybodyIn();
  const { api } = members.requester;
  for (const release of released) {
    await expect.poll(async () => (await api.proposal(release)).phase, { timeout: 15_000 }).toBe('executed');
    expect((await api.proposal(release)).votes).toHaveLength(2);
  }
  expect(released.length).toBeGreaterThan(0);
});

test('a fetch goes on after every kill, until the model is there', { timeout: 180_000 }, async () => {
  await signEverybodyIn();
  const pending = await requestAs(members, { bytes: 10_000_000_000n });
  for (const person of [members.ben, members.cleo]) await approveAs(person, pending.release);
  let fetches = 0;
  const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);
  await killDuring(KILLS.fetch, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'twinlock-host-'));
    const { api } = await sessionOf('requester');
    await persist(() => fetchRelease({ api, pending, host: 0, folder, verify, retry: RETRY }));
    for (const [path, bytes] of Object.entries(FILES))
      expect(readFileSync(join(folder, path)).equals(bytes)).toBe(true);
    rmSync(folder, { recursive: true });
    fetches++;
  });
  expect(fetches).toBeGreaterThan(0);
});

/** One who is told that they have decided already finds their vote in the log. */
async function approveAnew(person: Person, release: Hex): Promise<void> {
  await persist(async () => {
    const { custodian } = await signInAgain(person, anonymous(), members.fingerprint);
    const replica = await followLog(custodian);
    const votes = replica.facts.proposals.get(release)?.votes ?? [];
    if (votes.some((vote) => vote.person === custodian.person)) return;
    await approve(custodian, replica, await review(custodian, replica, release));
  });
}

async function signEverybodyIn(): Promise<void> {
  const again = (person: Person) => persist(() => signInAgain(person, anonymous(), members.fingerprint));
  const [ana, ben, cleo] = [await again(members.ana), await again(members.ben), await again(members.cleo)];
  members = { ...members, ana, ben, cleo, requester: await sessionOf('requester') };
}
