import { randomBytes } from 'node:crypto';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { openRecorder, readLogSeed, snapshotOf } from './data-folder/data-folder.ts';
import { openEndorser } from './endorse/endorser.ts';
import type { Sources } from './endorse/find.ts';
import { type AccessLog, boundedLog } from './http/access-log.ts';
import { createApp, createStopApp } from './http/app.ts';
import { webauthnDoor } from './http/door.ts';
import { apiServer } from './http/server.ts';
import { boundedFaults, type ClockLog, clockTeller, type FaultLog } from './operator-log/upkeep-log.ts';
import { listenError } from './platform/listen-error.ts';
import { verifyNode } from './platform/verify-node.ts';
import { keepSnapshots } from './recheck/keep-snapshots.ts';
import { type LogCheckLog, recheckBeside } from './recheck/recheck-beside.ts';
import type { Connections } from './sockets/connections.ts';
import { watchStopFolder } from './stopping/stop-folder.ts';
import { forOperator } from './store/failure.ts';
import { openStore } from './store/open.ts';
import { readTls, type TlsPaths, validityWarning } from './tls/files.ts';
import { ServedTls } from './tls/served.ts';
import { Challenges } from './vault/challenges.ts';
import { type Clocks, ClockWatch, steady } from './vault/clock-watch.ts';
import type { Context } from './vault/context.ts';
import { settleUploads } from './vault/deposit.ts';
import { STOP_CONNECTIONS, STOP_CONNECTIONS_AN_ADDRESS } from './vault/limits.ts';
import { Readiness } from './vault/readiness.ts';
import type { Recorder } from './vault/recorder.ts';
import { Refusals } from './vault/refusals.ts';
import { Requests } from './vault/requests.ts';
import { Sessions } from './vault/sessions.ts';
import { Shares, stopAllowance } from './vault/shares.ts';
import { Silence } from './vault/silence.ts';
import { stop } from './vault/stop.ts';
import { tellRefusals, upkeep } from './vault/upkeep.ts';
import { sweep } from './vault/upload.ts';
import { VersionFiles } from './vault/version-files.ts';

export interface Listen {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface DaemonOptions extends Listen {
  readonly dataDir: string;
  /** Where key and certificate are; null for those in the data folder. */
  readonly tlsPaths: TlsPaths | null;
  /** Another address, for stops and nothing else: what the API's is flooded with leaves it alone. Null for none. */
  readonly stopListen: Listen | null;
  /** How often time is looked at: ends, folded refusals. */
  readonly upkeepMs: number;
  readonly heartbeatMs: number;
  /** Where endorsements come from, besides what hosts bring: an operator's folder, vendors' mirrors. */
  readonly endorsements: Pick<Sources, 'folder' | 'mirrors'>;
  readonly accessLog: AccessLog;
  /** Receives what upkeep could not do. The daemon goes on. It reports the same failure once an hour. */
  readonly onUpkeepError: FaultLog;
  /** How the clock stands: at the first look after genesis, at every change, and hourly what a person has to mend. */
  readonly onClock: ClockLog;
  /** Receives the results of the snapshot and of the check of the whole log. */
  readonly onLogCheck: LogCheckLog;
  /** The platform's unless given. */
  readonly clocks?: Clocks;
}

export interface Daemon {
  readonly url: string;
  /** The URL of the address for stops; null where there is none. */
  readonly stopUrl: string | null;
  /** The warning about the dates of the certificate; null if they are right. */
  readonly certificateWarning: string | null;
  readonly context: Context;
  readonly connections: Pick<Connections, 'count'>;
  /** Key and certificate, which can be renewed while it serves. */
  readonly tls: ServedTls;
  /** Answers what is under way, then closes the store. */
  close(): Promise<void>;
}

/** How long a request under way may take to end when the daemon stops. */
const GRACE_MS = 10_000;
const IDLE_MS = 50;
const STOP_BOUNDS = { maxCount: STOP_CONNECTIONS, maxPerAddress: STOP_CONNECTIONS_AN_ADDRESS };
const PLATFORM_CLOCKS: Clocks = { now: () => Date.now(), monotonic: () => performance.now() };
/** In the data folder; may be deleted. */
const ENDORSEMENT_CACHE = 'endorsements';

/** Opens the data folder and its log, and serves the API over TLS 1.3. Throws the first fault it finds. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { dataDir } = options;
  const seed = readLogSeed(dataDir);
  const read = () => readTls(dataDir, options.tlsPaths);
  const tls = read();
  const store = openStore(dataDir);
  const snapshot = snapshotOf(dataDir, seed);
  const closing = new AbortController();
  try {
    await snapshot.sweep();
    const opened = await openRecorder({ ...store, snapshot }, seed, options.clocks ?? PLATFORM_CLOCKS, (error) =>
      options.onLogCheck({ kind: 'unfit', error }),
    );
    const { recorder } = opened;
    const context = await openContext(store, recorder, seed, options, closing.signal);
    const { clocks = PLATFORM_CLOCKS } = options;
    const accessLog = boundedLog(options.accessLog, clocks);
    const onFault = boundedFaults(options.onUpkeepError, clocks);
    const tellClock = clockTeller(options.onClock, clocks);
    const { server, connections } = apiServer(createApp(context, accessLog), tls, accessLog);
    const stops = apiServer(createStopApp(context, accessLog), tls, accessLog, STOP_BOUNDS).server;
    const url = await listening(server, options, '--listen');
    const { stopListen } = options;
    const stopUrl = stopListen === null ? null : await listening(stops, stopListen, '--stop-listen');
    const endSnapshots = keepSnapshots(opened, snapshot, onFault);
    const checked = recheckBeside(opened, {
      log: store.log,
      snapshot,
      signal: closing.signal,
      tell: options.onLogCheck,
    });
    const endWatch = watchStopFolder(dataDir, (signed) => stop(context, signed, 'operator'), onFault);
    const stopUpkeep = everySoOften(options.upkeepMs, () =>
      upkeep(context, options.heartbeatMs, { onClock: tellClock, onFault }),
    );
    return {
      url,
      stopUrl,
      certificateWarning: validityWarning(tls, clocks.now()),
      context,
      connections,
      tls: new ServedTls(read, tls, [server, stops]),
      async close() {
        closing.abort();
        await stopUpkeep();
        await Promise.all([closeServer(server), stopUrl === null ? null : closeServer(stops), endWatch()]);
        await tellRefusals(context).catch(onFault);
        await checked;
        await recorder.settled();
        await endSnapshots();
        store.close();
      },
    };
  } catch (error) {
    closing.abort();
    store.close();
    throw forOperator(error, dataDir);
  }
}

/** Founders go where their files say, which `init` has written. */
const LISTEN_ELSEWHERE = {
  '--listen':
    'name another --listen; before the founding, the founders’ files hold the first: run init again, with --url https://HOST:PORT and for another folder',
  '--stop-listen': 'name another --stop-listen',
} as const;

/** Returns its address. Throws as `listenError`. */
async function listening(server: Server, { host, port }: Listen, flag: keyof typeof LISTEN_ELSEWHERE): Promise<string> {
  const name = host.includes(':') ? `[${host}]` : host;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, LISTEN_ELSEWHERE[flag], `${name}:${port}`)));
    server.listen(port, host, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return `https://${name}:${taken}`;
}

/** Mends what a crash left. */
async function openContext(
  store: ReturnType<typeof openStore>,
  recorder: Recorder,
  seed: Uint8Array,
  { dataDir, endorsements, clocks: clock = PLATFORM_CLOCKS }: DaemonOptions,
  closing: AbortSignal,
): Promise<Context> {
  const random = (length: number) => Uint8Array.from(randomBytes(length));
  const logKey = ed25519.getPublicKey(seed);
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
    stops: stopAllowance(steady(clock)),
    shares: new Shares(steady(clock)),
    files: new VersionFiles(store.log),
    silence: new Silence(steady(clock)),
    door: webauthnDoor,
    endorser: openEndorser({ ...endorsements, ...clock, cache: join(dataDir, ENDORSEMENT_CACHE) }),
    verify: verifyNode,
    logKey,
    closing,
    clock,
    watch: new ClockWatch(clock, recorder.state?.facts ?? null),
    readiness: new Readiness(clock),
    random,
  };
  await settleUploads(context);
  await sweep(context);
  return context;
}

/** Returns how to stop it, which waits for the round that is under way. No round may fail. */
function everySoOften(everyMs: number, runRound: () => Promise<void>): () => Promise<void> {
  let round = Promise.resolve();
  let isStopped = false;
  const next = (delayMs: number) =>
    setTimeout(() => {
      round = runRound().then(() => {
        if (!isStopped) timer = next(everyMs);
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
