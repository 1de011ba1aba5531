import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { fromHex } from './core/bytes.ts';
import { must, TwinlockError } from './core/errors.ts';
import { signCheckpoint } from './core/log/checkpoint.ts';
import { openEndorser } from './endorse/endorser.ts';
import type { Sources } from './endorse/find.ts';
import { type AccessLog, boundedLog } from './http/access-log.ts';
import { createApp } from './http/app.ts';
import type { Connections } from './http/connections.ts';
import { webauthnDoor } from './http/door.ts';
import { apiServer } from './http/server.ts';
import { LOG_KEY_FILE, TLS_CERTIFICATE_FILE, TLS_KEY_FILE } from './initialise.ts';
import { verifyNode } from './platform/verify-node.ts';
import { DATABASE_FILE, openStore } from './store/open.ts';
import { Challenges } from './vault/challenges.ts';
import { type ClockState, type Clocks, ClockWatch } from './vault/clock-watch.ts';
import type { Context } from './vault/context.ts';
import { settleUploads } from './vault/deposit.ts';
import { MAX_STOP_OWNERS } from './vault/limits.ts';
import { Recent } from './vault/recent.ts';
import { Recorder } from './vault/recorder.ts';
import { Refusals } from './vault/refusals.ts';
import { Requests } from './vault/requests.ts';
import { Sessions } from './vault/sessions.ts';
import { Shares } from './vault/shares.ts';
import { tellRefusals, upkeep } from './vault/upkeep.ts';
import { sweep } from './vault/upload.ts';

export interface DaemonOptions {
  readonly dataDir: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** How often time is looked at: ends, folded refusals. */
  readonly upkeepMs: number;
  readonly heartbeatMs: number;
  /** Where endorsements come from, besides what hosts bring: an operator's folder, vendors' mirrors. */
  readonly endorsements: Pick<Sources, 'folder' | 'mirrors'>;
  readonly accessLog: AccessLog;
  /** What upkeep could not do; the daemon goes on. */
  readonly onUpkeepError: (error: unknown) => void;
  /** Told at the first look after genesis, and whenever the clock is confirmed or no longer is. */
  readonly onClock: (state: ClockState) => void;
  /** The platform's unless given. */
  readonly clocks?: Clocks;
}

export interface Daemon {
  readonly url: string;
  readonly context: Context;
  readonly connections: Pick<Connections, 'count'>;
  /** Answers what is under way, then closes the store. */
  close(): Promise<void>;
}

/** How long a request under way may take to end when the daemon stops. */
const GRACE_MS = 10_000;
const IDLE_MS = 50;
const PLATFORM_CLOCKS: Clocks = { now: () => Date.now(), monotonic: () => performance.now() };
/** In the data folder; may be deleted. */
const ENDORSEMENT_CACHE = 'endorsements';

/** Opens the data folder, replays the log and serves the API over TLS 1.3. Throws the first fault it finds. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { dataDir } = options;
  const seed = fromHex(readSecret(dataDir, LOG_KEY_FILE).trim());
  const tls = { key: readSecret(dataDir, TLS_KEY_FILE), cert: readSecret(dataDir, TLS_CERTIFICATE_FILE) };
  // A vault whose log is gone must not look like one that was never founded.
  must(
    existsSync(join(dataDir, DATABASE_FILE)),
    'storage_corrupt',
    `${dataDir} has a log key and no ${DATABASE_FILE}: restore the whole folder, and alert the custodians`,
  );
  const store = openStore(dataDir);
  const closing = new AbortController();
  try {
    const context = await openContext(store, seed, options, closing.signal);
    const accessLog = boundedLog(options.accessLog, context.clock.now);
    const { server, connections } = apiServer(createApp(context, accessLog), tls, accessLog);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, options.host, resolve);
    });
    const { port } = server.address() as AddressInfo;
    const stopUpkeep = everySoOften(options, context);
    const host = options.host.includes(':') ? `[${options.host}]` : options.host;
    return {
      url: `https://${host}:${port}`,
      context,
      connections,
      async close() {
        closing.abort();
        await stopUpkeep();
        await closeServer(server);
        await tellRefusals(context).catch(options.onUpkeepError);
        await context.recorder.settled();
        store.close();
      },
    };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Replays the log and mends what a crash left. */
async function openContext(
  store: ReturnType<typeof openStore>,
  seed: Uint8Array,
  { dataDir, endorsements, clocks: clock = PLATFORM_CLOCKS }: DaemonOptions,
  closing: AbortSignal,
): Promise<Context> {
  const random = (length: number) => Uint8Array.from(randomBytes(length));
  const logKey = ed25519.getPublicKey(seed);
  const recorder = await Recorder.open({
    log: store.log,
    clock,
    verify: verifyNode,
    signer: { sign: (checkpoint) => signCheckpoint(checkpoint, seed) },
  });
  const context: Context = {
    recorder,
    log: store.log,
    founding: store.founding,
    uploads: store.uploads,
    blobs: store.blobs,
    challenges: new Challenges(clock, random),
    sessions: new Sessions(clock, random),
    requests: new Requests(clock, random),
    refusals: new Refusals(clock),
    stops: new Recent(clock, { windowMs: 60_000, maxOwners: MAX_STOP_OWNERS }),
    shares: new Shares({ now: () => clock.monotonic() }),
    door: webauthnDoor,
    endorser: openEndorser({ ...endorsements, cache: join(dataDir, ENDORSEMENT_CACHE), now: clock.now }),
    verify: verifyNode,
    logKey,
    closing,
    clock,
    watch: new ClockWatch(clock),
    random,
  };
  await settleUploads(context);
  await sweep(context);
  return context;
}

function readSecret(dataDir: string, name: string): string {
  try {
    return readFileSync(join(dataDir, name), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    must(
      code !== 'ENOENT',
      'genesis_incomplete',
      `${dataDir} holds no vault: run twinlockd init first, or name its folder with --data`,
    );
    throw new TwinlockError(
      'unavailable',
      `cannot read ${join(dataDir, name)}: ${code ?? 'unknown'}`,
      {},
      { cause: error },
    );
  }
}

/** Returns how to stop it, which waits for the round that is under way. */
function everySoOften(options: DaemonOptions, context: Context): () => Promise<void> {
  let round = Promise.resolve();
  let isStopped = false;
  let wasConfirmed: boolean | null = null;
  const tell = (state: ClockState | null) => {
    if (state !== null && state.isConfirmed !== wasConfirmed) options.onClock(state);
    wasConfirmed = state?.isConfirmed ?? null;
  };
  const next = (delayMs: number) =>
    setTimeout(() => {
      round = upkeep(context, options.heartbeatMs)
        .then(tell)
        .catch(options.onUpkeepError)
        .then(() => {
          if (!isStopped) timer = next(options.upkeepMs);
        });
    }, delayMs);
  // At once: what a crash interrupted need not wait.
  let timer = next(0);
  return () => {
    isStopped = true;
    clearTimeout(timer);
    return round;
  };
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    // Again and again: a connection that is kept alive is idle once its request has been answered.
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_MS);
    server.close(() => {
      clearTimeout(force);
      clearInterval(idle);
      resolve();
    });
  });
}
