import { createPrivateKey, randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { deposit } from '../../client/depositor/deposit.ts';
import { fetchRelease, sendReceipt } from '../../client/host/fetch.ts';
import { keysOf, type PendingRelease } from '../../client/host/pending-release.ts';
import { fromBase64url, fromHex, type Hex, utf8 } from '../../src/core/bytes.ts';
import { openCustodianShare } from '../../src/core/envelope/custodian-share.ts';
import { openHostShare } from '../../src/core/envelope/host-share.ts';
import { kemKeyPairFromSeed } from '../../src/core/envelope/xwing.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { combineShares, verifyShare } from '../../src/core/share/combine.ts';
import type { Facts } from '../../src/core/state/state.ts';
import type { ManifestCore } from '../../src/core/weights/manifest.ts';
import { checkReleaseKey, releaseKey } from '../../src/core/weights/release-key.ts';
import { LOG_KEY_FILE, TLS_KEY_FILE } from '../../src/founding/initialise.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { openStore } from '../../src/store/open.ts';
import { SNAPSHOT_FILE } from '../../src/store/snapshot.ts';
import { type DaemonProcess, startProcess } from '../world/daemon-process.ts';
import { approveAs, followAs, openAs, proposeAs, requestAs } from '../world/vault/acts.ts';
import { foundVault, type Members, type Person } from '../world/vault/members.ts';
import { modelFolder } from '../world/vault/model.ts';
import { type Prepared, prepareVault } from '../world/vault/prepared.ts';
import { logOf, memoryOf, type Snapshot, snapshotOf } from './look.ts';
import { encodingsOf, Search, type Sought } from './search.ts';
import {
  indexOf,
  recorder,
  secretsOfDraws,
  secretsOfFiles,
  secretsOfHost,
  secretsOfPerson,
  secretsOfRelease,
} from './secrets.ts';

const refusal = (code: string) => expect.objectContaining({ code });
const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);

/** A model whose names and bytes are nowhere else. */
const CANARY = randomBytes(8).toString('hex');
const FILES: Readonly<Record<string, Uint8Array>> = {
  [`${CANARY}-weights.bin`]: randomBytes(1_300_000),
  [`folder-${CANARY}/config.json`]: utf8(
    JSON.stringify({ architecture: CANARY, vocabulary: randomBytes(400).toString('hex') }),
  ),
};
const MANIFEST = 'the manifest’s digest';

/** The daemon's own secrets: the search is to find them, and nothing else. */
function ownKeys(dataDir: string): readonly Sought[] {
  const seed = readFileSync(join(dataDir, LOG_KEY_FILE), 'utf8').trim();
  const { d } = createPrivateKey(readFileSync(join(dataDir, TLS_KEY_FILE), 'utf8')).export({ format: 'jwk' });
  return [
    { what: LOG_KEY_FILE, bytes: fromHex(seed) },
    { what: TLS_KEY_FILE, bytes: fromBase64url(d ?? '') },
  ];
}

/** A custodian whose ceremonies draw from `random`. */
function drawingFrom(person: Person, random: RandomBytes): Person {
  return { ...person, custodian: { ...person.custodian, random } };
}

describe('a vault at rest', { timeout: 120_000 }, () => {
  let prepared: Prepared;
  let daemon: DaemonProcess;
  let members: Members;
  let manifest: Hex;
  let core: ManifestCore;
  let committee: Facts['committee'];
  let output: string;
  let log: string;
  /** Of which only one custodian approved, and of which two did. */
  let alone: PendingRelease;
  let released: PendingRelease;
  /** Of the data folder, at every step of the story; the last one after the daemon has ended. */
  const snapshots: Snapshot[] = [];
  let memory: readonly Uint8Array[];
  /** What decrypts, or tells of the plaintext: the daemon never has it. What only lets somebody in, it is shown. */
  const decrypting: Sought[] = [];
  const bearing: Sought[] = [];
  let own: readonly Sought[];

  const custodians = () => [members.ana, members.ben, members.cleo];
  const look = () => snapshots.push(snapshotOf(prepared.dataDir));
  const search = (sought: readonly Sought[] = [...decrypting, ...bearing]) =>
    new Search([...sought, ...own, { what: MANIFEST, bytes: fromHex(manifest) }]);

  beforeAll(async () => {
    vi.stubEnv('TWINLOCK_LOG_LEVEL', 'trace');
    prepared = await prepareVault();
    own = ownKeys(prepared.dataDir);
    daemon = startProcess(prepared.dataDir);
    members = await foundVault(await daemon.url, prepared);
    await tellStory();
    memory = memoryOf(daemon.child.pid);
    await daemon.stop();
    output = daemon.output();
    look();
  }, 120_000);
  afterAll(async () => {
    vi.unstubAllEnvs();
    await daemon.kill();
    rmSync(prepared.dataDir, { recursive: true });
  });

  async function tellStory(): Promise<void> {
    const { fingerprint, depositor, requester, ana } = members;
    const drawn = recorder();
    const folder = modelFolder(FILES);
    const deposited = await deposit(depositor, await followAs(depositor, fingerprint), {
      model: 'acme/ocr',
      version: '1',
      folder,
      modelSignature: null,
      now: Date.now,
      random: drawn.random,
      onProgress: look,
    });
    rmSync(folder, { recursive: true });
    manifest = deposited.manifest;
    const [ben, cleo] = [members.ben, members.cleo].map((person) => drawingFrom(person, drawn.random)) as [
      Person,
      Person,
    ];
    const publication = await proposeAs(ana, { kind: 'publish', model: 'acme/ocr', version: '1', evaluation: null });
    await approveAs(ben, publication);
    await approveAs(cleo, publication);
    look();
    alone = await requestAs(members);
    await approveAs(ben, alone.release);
    await expect(requester.api.handover(alone.release, 0)).rejects.toThrow(refusal('quorum_missing'));
    await expect(requester.api.leaves(manifest, 1)).rejects.toThrow(refusal('unauthenticated'));
    look();
    released = await requestAs(members);
    await approveAs(ben, released.release);
    await approveAs(cleo, released.release);
    look();
    const to = mkdtempSync(join(tmpdir(), 'twinlock-'));
    const fetched = await fetchRelease({ api: requester.api, pending: released, host: 0, folder: to, verify });
    for (const [path, bytes] of Object.entries(FILES)) expect(readFileSync(join(to, path)).equals(bytes)).toBe(true);
    rmSync(to, { recursive: true });
    await sendReceipt(requester.api, released, 0, fetched);
    look();
    log = await logOf(members.auditor.api);
    await collectSecrets(drawn.drawn);
  }

  async function collectSecrets(drawn: readonly Uint8Array[]): Promise<void> {
    const { auditor, depositor, requester, fingerprint } = members;
    const { facts } = await followAs(auditor, fingerprint);
    committee = facts.committee;
    const opened = await openAs(members, released);
    core = opened.core;
    decrypting.push(...secretsOfDraws(drawn, opened), ...secretsOfRelease(opened), ...secretsOfFiles(FILES));
    for (const person of custodians()) decrypting.push(...(await secretsOfPerson(person, facts, manifest)));
    for (const pending of [alone, released]) decrypting.push(...secretsOfHost(keysOf(pending, 0)));
    for (const { role, seed } of Object.values(prepared.machines)) {
      decrypting.push({ what: `the seed of the ${role}`, bytes: seed });
    }
    const tokens = [opened.token, ...Object.values(prepared.invitations)];
    // One after the other: it is seen as it is sent.
    for (const { api } of [...custodians(), depositor, requester, auditor]) tokens.push(await members.tokenOf(api));
    expect(new Set(tokens).size, 'distinct tokens').toBe(10);
    bearing.push(...tokens.map((token, i) => ({ what: `token ${i}`, bytes: fromBase64url(token) })));
  }

  test('the search finds a secret in every encoding, at every offset', () => {
    const secret = randomBytes(32);
    const sought = new Search([{ what: 'it', bytes: secret }]);
    for (const text of encodingsOf(secret)) {
      for (const before of ['', '=', '=a', '=ab', '=abc']) {
        expect([...sought.in(Buffer.from(`${before}${text}`, 'latin1'))], `${before}${text}`).toEqual(['it']);
      }
    }
    expect([...sought.in(randomBytes(1000))]).toEqual([]);
    const within = Buffer.concat([randomBytes(1), secret, randomBytes(1)]);
    for (const text of encodingsOf(within)) expect([...sought.in(Buffer.from(text, 'latin1'))]).toEqual(['it']);
    const all = [...decrypting, ...bearing];
    const everything = Buffer.concat(all.map(({ bytes }) => bytes));
    expect(new Search(all).in(everything)).toEqual(new Set(all.map(({ what }) => what)));
  });

  test('holds on its disk no share, no key and no plaintext, but the log’s and TLS’s keys, where we say', () => {
    const sought = search();
    const found = new Map<string, Set<string>>();
    for (const snapshot of snapshots) {
      for (const [path, bytes] of snapshot) {
        const inFile = new Set([...(found.get(path) ?? []), ...sought.in(bytes)]);
        if (inFile.size > 0) found.set(path, inFile);
      }
    }
    expect(found).toEqual(
      new Map([
        [LOG_KEY_FILE, new Set([LOG_KEY_FILE])],
        [TLS_KEY_FILE, new Set([TLS_KEY_FILE])],
        ['vault.sqlite', new Set([MANIFEST])],
        ['vault.sqlite-wal', new Set([MANIFEST])],
        [SNAPSHOT_FILE, new Set([MANIFEST])],
      ]),
    );
    expect([...(snapshots.at(-1)?.keys() ?? [])].filter((path) => !path.startsWith('versions/')).sort()).toEqual([
      LOG_KEY_FILE,
      SNAPSHOT_FILE,
      'tls.crt',
      TLS_KEY_FILE,
      'vault.sqlite',
    ]);
    const said = readFileSync(join(import.meta.dirname, '../../SECURITY.md'), 'utf8');
    expect(said).toMatch(/two secrets: `log\.key` [^.]*and `tls\.key`/);
  });

  test('holds no secret in any value of its database, also across its pages', () => {
    const copy = mkdtempSync(join(tmpdir(), 'twinlock-'));
    cpSync(join(prepared.dataDir, 'vault.sqlite'), join(copy, 'vault.sqlite'));
    const database = new Sqlite(join(copy, 'vault.sqlite'));
    const sought = search();
    const found = new Set<string>();
    for (const table of database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all()) {
      for (const row of database.prepare(`SELECT * FROM "${table}"`).raw().all() as unknown[][]) {
        for (const value of row) {
          const bytes = value instanceof Uint8Array ? value : utf8(String(value));
          for (const what of sought.in(bytes)) found.add(what);
        }
      }
    }
    database.close();
    rmSync(copy, { recursive: true });
    expect([...found]).toEqual([MANIFEST]);
  });

  test('lets no other user read its folder', () => {
    for (const entry of ['', ...readdirSync(prepared.dataDir, { recursive: true, encoding: 'utf8' })]) {
      expect(statSync(join(prepared.dataDir, entry)).mode & 0o077, entry).toBe(0);
    }
  });

  test('writes no secret to its output, though it tells all it can', () => {
    const sought = [...decrypting, ...bearing, ...own, { what: 'the release', bytes: fromHex(released.release) }];
    expect([...new Search(sought).in(utf8(output))]).toEqual(['the release']);
  });

  test('puts no secret into the log, and none into what lies beside it', () => {
    expect([...search().in(utf8(log))]).toEqual([MANIFEST]);
  });

  test('holds nothing in its memory that decrypts', ({ skip }) => {
    skip(memory.length === 0, 'this system shows no memory of another process');
    const sought = search(decrypting);
    const found = new Set(memory.flatMap((region) => [...sought.in(region)]));
    // How OpenSSL keeps it is its own affair.
    found.delete(TLS_KEY_FILE);
    expect(found).toEqual(new Set([MANIFEST, LOG_KEY_FILE]));
  });

  test('opens nothing with one approval, given the whole disk and the key of the host', async () => {
    const store = openStore(prepared.dataDir);
    const { fingerprint: vault, ben } = members;
    const { kemSeed, evidence } = keysOf(alone, 0);
    const commitments = core.commitments.map(fromBase64url);
    const thief = [kemSeed, ...own.map(({ bytes }) => bytes)].map(kemKeyPairFromSeed);
    try {
      expect(await store.log.tokenOf(alone.release, 0)).toBe(null);
      const [sealed, ...others] = await store.log.hostShares(alone.release, 0);
      if (sealed === undefined) throw new Error('no share');
      expect([sealed.person, others]).toEqual([ben.custodian.person, []]);
      const sealedTo = { vault, statement: alone.release, evidence, epoch: core.epoch };
      const share = await openHostShare(sealedTo, sealed.index, kemKeyPairFromSeed(kemSeed), sealed.envelope);
      expect(verifyShare(share, commitments)).toBe(share);
      const combine = (...shares: (typeof share)[]) => combineShares(shares, commitments, core.threshold);
      expect(() => combine(share)).toThrow(refusal('invalid_threshold'));
      expect(() => combine(share, share)).toThrow(refusal('invalid_index'));
      expect(() => combine(share, { ...share, index: share.index + 1 })).toThrow(refusal('share_invalid'));
      const guess = releaseKey(share.s, fromHex(core.ctx));
      expect(() => checkReleaseKey(guess, fromHex(core.keyCheck))).toThrow(refusal('key_check_failed'));
      // What else is sealed there is sealed to keys that are elsewhere.
      for (const { custodian } of custodians()) {
        const index = indexOf(committee, custodian.person);
        const envelopes = await store.log.envelopesOf(manifest, custodian.person);
        expect(envelopes).toHaveLength(1);
        for (const { envelope } of envelopes) {
          for (const keys of thief) {
            const opening = openCustodianShare({ vault, manifest, epoch: core.epoch }, index, keys, envelope);
            await expect(opening).rejects.toThrow(refusal('envelope_invalid'));
          }
        }
      }
    } finally {
      store.close();
    }
  });
});
