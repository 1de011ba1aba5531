import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ed25519 } from '@noble/curves/ed25519.js';
import { Api, type ProposalView } from '../client/api/api.ts';
import { type Fetch, platformFetch } from '../client/api/transport.ts';
import { approve, deny } from '../client/custodian/approve.ts';
import { type Ceremony, type Custodian, followLog } from '../client/custodian/ceremony.ts';
import { type Enrolled, enrol } from '../client/custodian/enrol.ts';
import { type GenesisReview, reviewGenesis, signGenesis } from '../client/custodian/genesis.ts';
import { type Proposition, propose } from '../client/custodian/propose.ts';
import { review } from '../client/custodian/review.ts';
import { openSession } from '../client/custodian/session.ts';
import { SoftwareAuthenticator } from '../client/custodian/software-authenticator.ts';
import { stop } from '../client/custodian/stop.ts';
import { deal } from '../client/depositor/deal.ts';
import { deposit } from '../client/depositor/deposit.ts';
import type { EvidenceCollector } from '../client/host/collector.ts';
import { type OpenedRelease, openRelease } from '../client/host/open-release.ts';
import type { PendingRelease } from '../client/host/pending-release.ts';
import { type ReleaseRequest, requestRelease } from '../client/host/request.ts';
import { SimulatedChip } from '../client/host/simulated-chip.ts';
import type { CheckpointMemory, VerifiedCheckpoint } from '../client/log/checkpoint-memory.ts';
import { Replica } from '../client/log/replica.ts';
import {
  openPrincipalSession,
  type PrincipalKey,
  type PrincipalSession,
  principalKey,
  principalRecord,
} from '../client/principal/principal.ts';
import type { Stopping } from '../client/stop.ts';
import { type Hex, toBase64url, toHex, utf8 } from '../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../src/core/canonical.ts';
import { encodeScalar, uniformScalar } from '../src/core/share/group.ts';
import type { Policy } from '../src/core/statement/policy.ts';
import { ciphertextRoot } from '../src/core/weights/ciphertext-tree.ts';
import { encryptFile } from '../src/core/weights/file.ts';
import { type ManifestCore, manifestDigest, manifestSignatureMessage } from '../src/core/weights/manifest.ts';
import { manifestContext, releaseKey } from '../src/core/weights/release-key.ts';
import { type Daemon, type DaemonOptions, startDaemon } from '../src/daemon.ts';
import { initialise, TLS_CERTIFICATE_FILE } from '../src/founding/initialise.ts';
import { platformBulkCrypto } from '../src/platform/aead.ts';
import { platformRandom } from '../src/platform/random.ts';
import { verifyNode } from '../src/platform/verify-node.ts';
import { HOUR_MS, MEASUREMENT, POLICY } from './world/founding.ts';

/** Three founders, two of whom must approve; ana owns the machines, so ben and cleo decide on what they ask. */
export const FOUNDERS = ['ana', 'ben', 'cleo'] as const;
type FounderName = (typeof FOUNDERS)[number];
const ROLES = ['depositor', 'requester', 'auditor'] as const;
type Role = (typeof ROLES)[number];

/** Asked anew every time: tests set the clock. */
const wallClock = () => Date.now();

const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);

/** A data folder that has been initialised, and what its founders and machines hold. */
export interface Prepared {
  readonly dataDir: string;
  readonly invitations: Readonly<Record<FounderName, string>>;
  readonly machines: Readonly<Record<Role, PrincipalKey>>;
}

export interface Preparation {
  /** What the policy says otherwise than the world's. */
  readonly limits?: Partial<Policy['limits']>;
  readonly referenceValues?: Policy['referenceValues'];
  readonly models?: readonly string[];
  readonly invitationDays?: number;
}

/** A simulation vault that waits for its founders, in a folder of its own. */
export async function prepareVault({
  limits,
  referenceValues = POLICY.referenceValues,
  models = ['*'],
  invitationDays = 1,
}: Preparation = {}): Promise<Prepared> {
  const dataDir = mkdtempSync(join(tmpdir(), 'twinlock-'));
  const machines = Object.fromEntries(
    ROLES.map((role) => [role, principalKey(role, `${role}-key`, platformRandom(32))]),
  ) as Record<Role, PrincipalKey>;
  const roomy = { bytesPerRelease: '100000000000', bytesPerDay: '1000000000000' };
  const policy = { ...POLICY, referenceValues, limits: { ...POLICY.limits, ...roomy, ...limits } };
  const invited = await initialise({
    dataDir,
    grade: 'simulation',
    threshold: 2,
    founders: FOUNDERS.map((name) => ({ name, groups: [] })),
    hosts: ['localhost', '127.0.0.1'],
    url: 'https://localhost:8443',
    policy: canonicalBytes(policy),
    principals: ROLES.map((role) => {
      const { owner: _, ...record } = principalRecord(machines[role], {
        owner: '',
        ownerName: 'ana',
        models: [...models],
      });
      return record;
    }),
    invitationDays,
    nowMs: Date.now(),
  });
  trust(dataDir);
  const invitations = Object.fromEntries(invited.map(({ name, invitation }) => [name, invitation]));
  return { dataDir, invitations: invitations as Prepared['invitations'], machines };
}

/** Lets `fetch` of this process trust the vault's certificate. */
function trust(dataDir: string): void {
  const pem = readFileSync(join(dataDir, TLS_CERTIFICATE_FILE), 'utf8');
  setDefaultCACertificates([...getCACertificates('default'), pem]);
}

/** A custodian at their workstation: their key, their session, their own replay of the log. */
export interface Person {
  readonly name: FounderName;
  readonly device: SoftwareAuthenticator;
  readonly enrolled: readonly Enrolled[];
  readonly custodian: Custodian;
  readonly api: Api;
}

/** Everybody who has to do with a founded vault, each signed in. */
export interface Members {
  readonly baseUrl: string;
  readonly fingerprint: Hex;
  readonly anonymous: Api;
  /** The token of a session, for requests that no client makes. */
  tokenOf(api: Api): Promise<string>;
  readonly ana: Person;
  readonly ben: Person;
  readonly cleo: Person;
  readonly depositor: PrincipalSession;
  readonly requester: PrincipalSession;
  readonly auditor: PrincipalSession;
}

/** A founder before genesis. */
export interface Seat {
  readonly name: FounderName;
  readonly invitation: string;
  readonly device: SoftwareAuthenticator;
  readonly ceremony: Ceremony;
}

export async function seatsOf(baseUrl: string, { invitations }: Prepared): Promise<readonly Seat[]> {
  const api = new Api({ baseUrl });
  const { rpId } = await api.vault();
  return FOUNDERS.map((name) => {
    const device = new SoftwareAuthenticator({ rpId, random: platformRandom });
    const memory = checkpointsInMemory();
    const ceremony = { api, authenticator: device, verify, memory, random: platformRandom, now: wallClock };
    return { name, invitation: invitations[name], device, ceremony };
  });
}

/** The whole founding over the API: enrolments, reviews, signatures; and everybody signed in. */
export async function foundVault(baseUrl: string, prepared: Prepared): Promise<Members> {
  const seats = await seatsOf(baseUrl, prepared);
  const enrolled = new Map<FounderName, readonly Enrolled[]>();
  for (const seat of seats) enrolled.set(seat.name, [await enrol(seat.ceremony, seat.invitation, 'key')]);
  let fingerprint = '';
  for (const { name, ceremony, invitation } of seats) {
    const own = enrolled.get(name) ?? [];
    const reviewed = (await reviewGenesis(ceremony, invitation, own)) as GenesisReview;
    await signGenesis(ceremony, invitation, reviewed, own);
    fingerprint = reviewed.fingerprint;
  }
  return signAllIn(baseUrl, fingerprint, prepared, seats, enrolled);
}

async function signAllIn(
  baseUrl: string,
  fingerprint: Hex,
  { machines }: Prepared,
  seats: readonly Seat[],
  enrolled: ReadonlyMap<FounderName, readonly Enrolled[]>,
): Promise<Members> {
  let bearer = '';
  const fetch: Fetch = (url, init) => {
    bearer = init.headers['authorization']?.slice('Bearer '.length) ?? '';
    return platformFetch(url, init);
  };
  const anonymous = new Api({ baseUrl, fetch });
  const tokenOf = async (api: Api) => {
    await api.checkpoint();
    return bearer;
  };
  const persons = new Map<FounderName, Person>();
  for (const { name, device, ceremony } of seats) {
    const own = enrolled.get(name) ?? [];
    const custodian = await openSession({ ...ceremony, api: anonymous }, fingerprint, own);
    persons.set(name, { name, device, enrolled: own, custodian, api: custodian.api });
  }
  const [ana, ben, cleo] = FOUNDERS.map((name) => persons.get(name) as Person) as [Person, Person, Person];
  const [depositor, requester, auditor] = (await Promise.all(
    ROLES.map((role) => openPrincipalSession(anonymous, machines[role], fingerprint)),
  )) as [PrincipalSession, PrincipalSession, PrincipalSession];
  return { baseUrl, fingerprint, anonymous, tokenOf, ana, ben, cleo, depositor, requester, auditor };
}

/** Signs a custodian in again, after the daemon has been started anew. */
export async function signInAgain(person: Person, api: Api, fingerprint: Hex): Promise<Person> {
  const custodian = await openSession({ ...person.custodian, api }, fingerprint, person.enrolled);
  return { ...person, custodian, api: custodian.api };
}

function checkpointsInMemory(): CheckpointMemory {
  const kept = new Map<Hex, VerifiedCheckpoint>();
  return {
    get: async (fingerprint) => kept.get(fingerprint) ?? null,
    put: async (fingerprint, checkpoint) => void kept.set(fingerprint, checkpoint),
  };
}

/** A daemon in this process, everybody signed in. */
export interface Vault extends Members {
  readonly prepared: Prepared;
  readonly daemon: Daemon;
  /** What went wrong inside, which callers are not told: empty unless a test wants it otherwise. */
  readonly failures: unknown[];
  /** Stops the daemon and starts another on the same folder and port. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** `port` 0 takes a free one. Upkeep runs when a test calls it. */
export async function startInProcess(
  dataDir: string,
  failures: unknown[],
  changes: Partial<DaemonOptions> = {},
): Promise<Daemon> {
  return startDaemon({
    tlsPaths: null,
    dataDir,
    host: '127.0.0.1',
    port: 0,
    stopListen: null,
    upkeepMs: HOUR_MS,
    heartbeatMs: HOUR_MS,
    accessLog: ({ error }) => {
      if (error !== undefined && typeof error !== 'string') failures.push(error);
    },
    endorsements: { folder: null, mirrors: {} },
    onUpkeepError: (error) => failures.push(error),
    onClock: () => undefined,
    onLogCheck: () => undefined,
    ...changes,
  });
}

export async function openVault(preparation: Preparation = {}, changes: Partial<DaemonOptions> = {}): Promise<Vault> {
  const prepared = await prepareVault(preparation);
  const failures: unknown[] = [];
  let daemon = await startInProcess(prepared.dataDir, failures, changes);
  const members = await foundVault(daemon.url, prepared);
  return {
    ...members,
    prepared,
    get daemon() {
      return daemon;
    },
    failures,
    restart: async () => {
      const port = Number(new URL(daemon.url).port);
      await daemon.close();
      daemon = await startInProcess(prepared.dataDir, failures, { ...changes, port });
    },
    close: async () => {
      await daemon.close();
      rmSync(prepared.dataDir, { recursive: true, force: true });
    },
  };
}

// The story, step by step

/** A folder with these files, which the caller removes. */
export function modelFolder(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-model-'));
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return folder;
}

export async function followAs({ api }: PrincipalSession, fingerprint: Hex): Promise<Replica> {
  return Replica.follow(api, { fingerprint, verify, memory: checkpointsInMemory(), now: wallClock });
}

/** Deposits files as `acme/<name>@1` unless told otherwise; returns the manifest's digest. */
export async function depositFiles(
  { depositor, fingerprint }: Members,
  files: Readonly<Record<string, Uint8Array>>,
  named: { readonly model?: string; readonly version?: string } = {},
): Promise<Hex> {
  const folder = modelFolder(files);
  try {
    const replica = await followAs(depositor, fingerprint);
    const { manifest } = await deposit(depositor, replica, {
      model: 'acme/ocr',
      version: '1',
      ...named,
      folder,
      modelSignature: null,
      now: wallClock,
      random: platformRandom,
    });
    return manifest;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Reviews and decides, after a replay of one's own. */
export async function approveAs(person: Person, digest: Hex) {
  const replica = await followLog(person.custodian);
  return approve(person.custodian, replica, await review(person.custodian, replica, digest));
}

export async function denyAs(person: Person, digest: Hex) {
  return deny(person.custodian, await followLog(person.custodian), digest);
}

export async function proposeAs(person: Person, proposition: Proposition): Promise<Hex> {
  const { digest } = await propose(person.custodian, await followLog(person.custodian), proposition);
  return digest;
}

export async function stopAs(person: Person, stopping: Stopping): Promise<Hex> {
  const { digest } = await stop(person.custodian, await followLog(person.custodian), stopping);
  return digest;
}

export async function publish(members: Members, named: { model?: string; version?: string } = {}): Promise<Hex> {
  const { model = 'acme/ocr', version = '1' } = named;
  const digest = await proposeAs(members.ana, { kind: 'publish', model, version, evaluation: null });
  await approveAs(members.ben, digest);
  await approveAs(members.cleo, digest);
  return digest;
}

export async function requestAs(
  members: Members,
  changes: Partial<ReleaseRequest> = {},
  hosts = 1,
): Promise<PendingRelease> {
  const chips = Array.from({ length: hosts }, () => new SimulatedChip(platformRandom(32), MEASUREMENT));
  return requestFor(members, chips, changes);
}

/** A request for the hosts that these collectors speak for. */
export async function requestFor(
  { requester, fingerprint }: Members,
  collectors: readonly EvidenceCollector[],
  changes: Partial<ReleaseRequest> = {},
): Promise<PendingRelease> {
  const request: ReleaseRequest = {
    model: 'acme/ocr',
    version: '1',
    purpose: 'serving',
    reason: 'a test',
    leaseMs: null,
    bytes: null,
    ...changes,
  };
  return requestRelease(requester, request, collectors, { fingerprint, now: wallClock, random: platformRandom });
}

/** A release in force, with the approvals of ben and cleo. */
export async function releaseAs(
  members: Members,
  changes: Partial<ReleaseRequest> = {},
  hosts = 1,
): Promise<PendingRelease> {
  return approved(members, await requestAs(members, changes, hosts));
}

/** The same to the hosts that these collectors speak for. */
export async function releaseFor(members: Members, collectors: readonly EvidenceCollector[]): Promise<PendingRelease> {
  return approved(members, await requestFor(members, collectors));
}

async function approved({ ben, cleo }: Members, pending: PendingRelease): Promise<PendingRelease> {
  for (const person of [ben, cleo]) await approveAs(person, pending.release);
  return pending;
}

/** What a host opens of a release: the release key and its bearer token. */
export async function openAs({ requester }: Members, pending: PendingRelease, host = 0): Promise<OpenedRelease> {
  return openRelease(await requester.api.handover(pending.release, host), pending, host, verify);
}

export function phaseOf({ requester }: Members, digest: Hex): Promise<ProposalView['phase']> {
  return requester.api.proposal(digest).then(({ phase }) => phase);
}

/** By one machine, in the place of no other's upload. */
export const OPENED_HERE = { opener: '0a'.repeat(16), replaces: null } as const;

/** A version as a depositor's client would make it, held in memory, for a test that sends it in its own way. */
export interface SealedModel {
  readonly model: string;
  readonly version: string;
  readonly core: ManifestCore;
  /** Encrypted segments by file. */
  readonly parts: readonly Uint8Array[];
  /** What opens the upload. */
  readonly opening: Parameters<Api['openUpload']>[0];
  /** What makes the upload a version; `core` may be a changed one, and is signed as it is. */
  depositOf(upload: Hex, core?: ManifestCore): DepositBody;
}

type DepositBody = Parameters<Api['deposit']>[0];

/** One file of at most a segment. */
export async function sealModel(
  { daemon, depositor, fingerprint }: Pick<Vault, 'daemon' | 'depositor' | 'fingerprint'>,
  { model = 'acme/ocr', version = '1', plaintext = utf8('the weights') } = {},
): Promise<SealedModel> {
  const { facts } = daemon.context.recorder;
  const { key, seed } = depositor.principal;
  const sha256 = digestOf(plaintext);
  const inner = { v: 1, kind: 'inner-manifest', model, version, modelSignature: null };
  const files = [{ path: 'weights.bin', size: String(plaintext.length), sha256 }];
  const secret = encodeScalar(uniformScalar(platformRandom));
  const context = manifestContext(fingerprint, model, version);
  const named = { context, releaseKey: releaseKey(secret, context) };
  const sealed = [canonicalBytes({ ...inner, files }), plaintext].map((bytes, index) => {
    const file = { ...named, index, plainBytes: bytes.length };
    const { header, segment } = encryptFile(file, platformRandom, platformBulkCrypto);
    const { bytes: encrypted, leaf } = segment(0, bytes);
    const root = toHex(ciphertextRoot([leaf]));
    return { encrypted, entry: { size: String(bytes.length), header: toBase64url(header), root } };
  });
  const entries = sealed.map(({ entry }) => entry);
  const toDeal = { model, version, depositor: key, created: Date.now(), files: entries, secret, ...named };
  const { core, envelopes } = await deal(facts, toDeal, platformRandom);
  return {
    ...{ model, version, core },
    parts: sealed.map(({ encrypted }) => encrypted),
    opening: { model, version, files: entries.map(({ size }) => size), ...OPENED_HERE },
    depositOf(upload, changed = core) {
      const message = manifestSignatureMessage(fingerprint, manifestDigest(changed));
      const manifest = canonicalBytes(changed);
      return { upload, manifest, signature: toBase64url(ed25519.sign(message, seed)), envelopes: [...envelopes] };
    },
  };
}
