import { rmSync } from 'node:fs';
import { type Daemon, type DaemonOptions, startDaemon } from '../../../src/daemon.ts';
import { type Meddling, meddledFetch, passOn } from '../client.ts';
import { HOUR_MS } from '../founding.ts';
import { foundVault, type Members, type Person, signInAgain } from './members.ts';
import { FOUNDERS, type Preparation, type Prepared, prepareVault } from './prepared.ts';

/** A daemon in this process, and its members signed in. */
export interface Vault extends Members {
  readonly prepared: Prepared;
  readonly daemon: Daemon;
  /** The inner failures, which callers do not learn. Empty unless a test causes one. */
  readonly failures: unknown[];
  /** Between every member's client and the daemon. */
  meddle: Meddling;
  ana: Person;
  ben: Person;
  cleo: Person;
  /** Signs the custodians in again, whose sessions a restart ends. */
  signInAgain(): Promise<void>;
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
  let meddle = passOn;
  const members = await foundVault(
    daemon.url,
    prepared,
    meddledFetch(() => meddle),
  );
  const vault: Vault = {
    ...members,
    prepared,
    failures,
    get daemon() {
      return daemon;
    },
    get meddle() {
      return meddle;
    },
    set meddle(meddling) {
      meddle = meddling;
    },
    signInAgain: async () => {
      for (const name of FOUNDERS) vault[name] = await signInAgain(vault, vault[name]);
    },
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
  return vault;
}
