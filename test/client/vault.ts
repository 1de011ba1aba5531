import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { ed25519 } from '@noble/curves/ed25519.js';
import { Api } from '../../client/api/api.ts';
import type { RetryPolicy } from '../../client/api/retry.ts';
import { type Fetch, platformFetch } from '../../client/api/transport.ts';
import { type Ceremony, type Custodian, followLog } from '../../client/custodian/ceremony.ts';
import { type Enrolled, enrol } from '../../client/custodian/enrol.ts';
import { type GenesisReview, reviewGenesis, signGenesis } from '../../client/custodian/genesis.ts';
import { openSession } from '../../client/custodian/session.ts';
import { SoftwareAuthenticator } from '../../client/custodian/software-authenticator.ts';
import type { CheckpointMemory, VerifiedCheckpoint } from '../../client/log/checkpoint-memory.ts';
import type { Replica } from '../../client/log/replica.ts';
import {
  openPrincipalSession,
  type PrincipalKey,
  principalKey,
  principalRecord,
} from '../../client/principal/principal.ts';
import { fromHex, type Hex } from '../../src/core/bytes.ts';
import { canonicalBytes } from '../../src/core/canonical.ts';
import type { Verify } from '../../src/core/signature/claim.ts';
import type { Policy } from '../../src/core/statement/policy.ts';
import { localSigner } from '../../src/data-folder/log-signer.ts';
import { type Invitation, initialise, LOG_KEY_FILE } from '../../src/founding/initialise.ts';
import { createApp } from '../../src/http/app.ts';
import { webauthnDoor } from '../../src/http/door.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { openStore, type Store } from '../../src/store/open.ts';
import { Challenges } from '../../src/vault/challenges.ts';
import { ClockWatch, steady } from '../../src/vault/clock-watch.ts';
import type { Context } from '../../src/vault/context.ts';
import { settleUploads } from '../../src/vault/deposit.ts';
import { offeredOnly } from '../../src/vault/offered-only.ts';
import { Readiness } from '../../src/vault/readiness.ts';
import { Recorder } from '../../src/vault/recorder.ts';
import { Refusals } from '../../src/vault/refusals.ts';
import { Requests } from '../../src/vault/requests.ts';
import { Sessions } from '../../src/vault/sessions.ts';
import { Shares, stopAllowance } from '../../src/vault/shares.ts';
import { Silence } from '../../src/vault/silence.ts';
import { VersionFiles } from '../../src/vault/version-files.ts';
import { POLICY } from '../world/founding.ts';

const BASE_URL = 'http://vault.test';
const NAMES = ['ana', 'ben', 'cleo'] as const;
export type Name = (typeof NAMES)[number];

/** Fails at once: what a test breaks on purpose stays broken. */
export const IMPATIENT: RetryPolicy = { tries: 1, forMs: 0, now: () => 0, sleep: async () => undefined };
/** Goes on as often as it takes, without waiting. */
export const PATIENT: RetryPolicy = {
  tries: 1,
  forMs: Number.POSITIVE_INFINITY,
  now: () => 0,
  sleep: async () => undefined,
};

export const verify: Verify = async (claim) => verifyNode(claim);

export class MapMemory implements CheckpointMemory {
  readonly checkpoints = new Map<Hex, VerifiedCheckpoint>();

  async get(fingerprint: Hex): Promise<VerifiedCheckpoint | null> {
    return this.checkpoints.get(fingerprint) ?? null;
  }
  async put(fingerprint: Hex, checkpoint: VerifiedCheckpoint): Promise<void> {
    this.checkpoints.set(fingerprint, checkpoint);
  }
}

/** What a test does to an exchange: answer in place of the daemon, or change what it answers. */
export type Meddling = (
  request: { readonly method: string; readonly url: string; readonly headers: Headers },
  next: () => Promise<Response>,
) => Promise<Response>;

const passOn: Meddling = (_, next) => next();

/** The daemon in this process, on loopback without TLS: a data folder, its store and its API. */
export class TestVault {
  readonly folder: string;
  readonly invitations: readonly Invitation[];
  /** Between every client and the daemon. */
  meddle: Meddling = passOn;
  #store: Store | null = null;
  #server: Server | null = null;

  private constructor(folder: string, invitations: readonly Invitation[]) {
    this.folder = folder;
    this.invitations = invitations;
  }

  static async init(principals: readonly PrincipalKey[], policy: Partial<Policy> = {}): Promise<TestVault> {
    const folder = mkdtempSync(join(tmpdir(), 'twinlock-client-'));
    const invitations = await initialise({
      dataDir: folder,
      grade: 'simulation',
      threshold: 2,
      founders: NAMES.map((name) => ({ name, groups: [] })),
      hosts: ['localhost'],
      url: 'https://localhost:8443',
      policy: canonicalBytes({ ...POLICY, ...policy }),
      principals: principals.map((principal) => {
        const { owner: _, ...record } = principalRecord(principal, {
          owner: '',
          ownerName: 'cleo',
          models: ['acme/*'],
        });
        return record;
      }),
      invitationDays: 1,
      nowMs: Date.now(),
    });
    const vault = new TestVault(folder, invitations);
    await vault.start();
    return vault;
  }

  /** Also after `stop`: sessions, challenges and requests are forgotten. */
  async start(): Promise<void> {
    const seed = fromHex(readFileSync(join(this.folder, LOG_KEY_FILE), 'utf8').trim());
    const store = openStore(this.folder);
    const clock = { now: () => Date.now(), monotonic: () => performance.now() };
    const recorder = await Recorder.open({
      log: store.log,
      clock,
      verify: verifyNode,
      signer: localSigner(seed),
    });
    const context: Context = {
      recorder,
      log: store.log,
      founding: store.founding,
      uploads: store.uploads,
      blobs: store.blobs,
      challenges: new Challenges(clock, platformRandom),
      sessions: new Sessions(clock, platformRandom),
      requests: new Requests(clock, platformRandom),
      refusals: new Refusals(clock),
      watch: new ClockWatch(clock, recorder.state?.facts ?? null),
      readiness: new Readiness(clock),
      stops: stopAllowance(steady(clock)),
      shares: new Shares(steady(clock)),
      files: new VersionFiles(store.log),
      silence: new Silence(steady(clock)),
      door: webauthnDoor,
      endorser: offeredOnly,
      verify: verifyNode,
      logKey: ed25519.getPublicKey(seed),
      closing: new AbortController().signal,
      clock,
      random: platformRandom,
    };
    await settleUploads(context);
    this.#store = store;
    const { fetch } = createApp(context, () => undefined);
    const server = createAdaptorServer({ fetch, createServer }) as Server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    await new Promise((resolve) => {
      server?.close(resolve);
      server?.closeAllConnections();
    });
    this.#store?.close();
    this.#store = null;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async destroy(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  readonly fetch: Fetch = async (url, init) =>
    this.meddle({ method: init.method, url, headers: new Headers(init.headers) }, async () => {
      if (this.#server === null) throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } });
      const { port } = this.#server.address() as AddressInfo;
      return platformFetch(url.replace(BASE_URL, `http://127.0.0.1:${port}`), init);
    });

  get api(): Api {
    return new Api({ baseUrl: BASE_URL, fetch: this.fetch });
  }
}

/** A founder's workstation. */
export interface Founder {
  readonly name: Name;
  readonly invitation: string;
  readonly ceremony: Ceremony;
  readonly device: SoftwareAuthenticator;
  readonly enrolled: Enrolled[];
}

export async function enrolFounder(vault: TestVault, name: Name): Promise<Founder> {
  const { rpId } = await vault.api.vault();
  const device = new SoftwareAuthenticator({ rpId, random: platformRandom });
  const ceremony: Ceremony = {
    api: vault.api,
    authenticator: device,
    verify,
    memory: new MapMemory(),
    random: platformRandom,
    now: Date.now,
  };
  const invitation = vault.invitations.find((candidate) => candidate.name === name)?.invitation ?? '';
  return { name, invitation, ceremony, device, enrolled: [await enrol(ceremony, invitation, 'key')] };
}

export async function reviewed({ ceremony, invitation, enrolled }: Founder): Promise<GenesisReview> {
  const review = await reviewGenesis(ceremony, invitation, enrolled);
  if (!('statement' in review)) throw new Error(`waiting for ${review.missing.join(', ')}`);
  return review;
}

/** A founded vault with its founders signed in, and a depositor, a requester and an auditor, all of cleo's. */
export interface Founded {
  readonly vault: TestVault;
  readonly fingerprint: Hex;
  readonly founders: Readonly<Record<Name, Founder>>;
  readonly custodians: Record<Name, Custodian>;
  readonly keys: Readonly<Record<'depositor' | 'requester' | 'auditor', PrincipalKey>>;
}

export function makeKeys(): Founded['keys'] {
  return {
    depositor: principalKey('depositor', 'ci', platformRandom(32)),
    requester: principalKey('requester', 'fleet', platformRandom(32)),
    auditor: principalKey('auditor', 'audit', platformRandom(32)),
  };
}

export async function found(policy: Partial<Policy> = {}): Promise<Founded> {
  const keys = makeKeys();
  const vault = await TestVault.init(Object.values(keys), policy);
  const founders = {
    ana: await enrolFounder(vault, 'ana'),
    ben: await enrolFounder(vault, 'ben'),
    cleo: await enrolFounder(vault, 'cleo'),
  };
  for (const founder of Object.values(founders)) {
    await signGenesis(founder.ceremony, founder.invitation, await reviewed(founder), founder.enrolled);
  }
  const { fingerprint } = await reviewed(founders.ana);
  const custodians = {
    ana: await signIn(founders.ana, fingerprint),
    ben: await signIn(founders.ben, fingerprint),
    cleo: await signIn(founders.cleo, fingerprint),
  };
  return { vault, fingerprint, founders, custodians, keys };
}

function signIn({ ceremony, enrolled }: Founder, fingerprint: Hex): Promise<Custodian> {
  return openSession(ceremony, fingerprint, enrolled);
}

/** After a restart: a custodian’s session takes a touch, so no client opens it by itself. */
export async function signInAgain({ founders, custodians, fingerprint }: Founded): Promise<void> {
  for (const name of NAMES) custodians[name] = await signIn(founders[name], fingerprint);
}

export function sessionOf({ vault, fingerprint, keys }: Founded, role: keyof Founded['keys']) {
  return openPrincipalSession(vault.api, keys[role], fingerprint);
}

export function replicaOf({ custodians }: Founded, name: Name): Promise<Replica> {
  return followLog(custodians[name]);
}
