import { computed, signal } from '@preact/signals';
import type { Hex } from '../../../src/core/bytes.ts';
import { must, type TwinlockError } from '../../../src/core/errors.ts';
import type { Facts } from '../../../src/core/state/state.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import { verifyWeb } from '../../../src/platform/verify-web.ts';
import { Api, type VaultStatus } from '../../api/api.ts';
import { type Ceremony, type Custodian, followLog } from '../../custodian/ceremony.ts';
import { confirmedBy, inSession, openSession } from '../../custodian/session.ts';
import { stopKitOf } from '../../custodian/stop-kit.ts';
import type { Replica } from '../../log/replica.ts';
import { confirmedFingerprint, keepConfirmedFingerprint } from './confirmed-fingerprint.ts';
import { consoleFetch } from './console-fetch.ts';
import { forgetSession, keepSession, keptSession } from './kept-session.ts';
import {
  type Config,
  keepStopKit,
  knownCredentials,
  loadConfig,
  localMemory,
  localStates,
  rememberCredential,
  unkept,
} from './local.ts';
import { asFailure } from './parts/notice.tsx';
import { kept } from './stopping/kept.ts';
import { touchingAuthenticator } from './touch.ts';
import { closeSession } from './unclosed.tsx';

/** Milliseconds between two requests for new entries. */
const REFRESH_MS = 2000;
/** Milliseconds between two requests for the vault's status. */
const STATUS_EVERY_MS = 10_000;

/** The page's own name is the RP ID: the browser refuses a vault that claims another. */
export const ceremony: Ceremony = {
  api: new Api({ baseUrl: location.origin, fetch: consoleFetch }),
  authenticator: touchingAuthenticator(location.hostname),
  verify: verifyWeb,
  memory: localMemory,
  states: localStates,
  random: platformRandom,
  now: () => Date.now(),
};

export const config = signal<Config | null>(null);
/** The vault's claims about itself, not trusted; the log replaces them after sign-in. */
export const status = signal<VaultStatus | null>(null);
/** The fingerprint given to this console, or computed and signed on this page. */
export const fingerprint = signal<Hex | null>(null);
export const custodian = signal<Custodian | null>(null);
/** The facts of the log that this page has verified. */
export const facts = signal<Facts | null>(null);
/** The number of log entries behind the facts. */
export const entries = signal(0);
export const progress = signal<{ readonly entries: number; readonly of: number }>({ entries: 0, of: 0 });
/** Why the session ended, where the custodian did not end it. */
export const ended = signal<TwinlockError | null>(null);
/** An error that stops the page: it shows nothing else. */
export const fault = signal<TwinlockError | null>(null);
/** The error of the last try to follow the log; the next try may succeed. */
export const trouble = signal<TwinlockError | null>(null);
export const now = signal(Date.now());

/** True where the log or the vault says that the vault is a simulation. */
export const isSimulation = computed(() =>
  [status.value?.grade, facts.value?.genesis.grade, kept.value?.kit?.grade].includes('simulation'),
);

export async function loadVault(): Promise<void> {
  config.value = await loadConfig();
  fingerprint.value ??= config.value.fingerprint ?? keptSession()?.fingerprint ?? confirmedFingerprint();
  status.value = await ceremony.api.vault();
  must(
    status.value.phase !== 'founding' || fingerprint.value === null,
    'wrong_genesis',
    'the vault that answers says that it has not been founded: it is another vault, or it has lost its log',
  );
}

/** Trusts the genesis that this founder has compared and signed, also after a reload. */
export function confirmFingerprint(hex: Hex): void {
  fingerprint.value ??= hex;
  keepConfirmedFingerprint(hex);
}

export async function signIn(): Promise<void> {
  const vault = fingerprint.value;
  must(vault !== null, 'usage', 'the fingerprint of the vault is not known');
  const own = await knownCredentials();
  must(own.length > 0, 'credential_unknown', 'this workstation knows no security key of this vault');
  ended.value = null;
  const opened = await openSession(ceremony, vault, own);
  keepSession(opened);
  try {
    await replayLog(opened);
  } catch (thrown) {
    leave(asFailure(thrown));
  }
}

/**
 * Continues the session that this tab kept during a reload, without a touch, and replays the log. Throws where the vault
 * cannot be reached now, so that the page tries again, and for an alert.
 */
export async function resumeSession(): Promise<void> {
  const kept = keptSession();
  if (kept === null || replica !== null) return;
  if (kept.fingerprint !== fingerprint.value) return forgetSession();
  try {
    // The log gives the name.
    await replayLog(inSession(ceremony, { ...kept, name: kept.person }));
  } catch (thrown) {
    const error = asFailure(thrown);
    if (error.group !== 'retry') leave(error);
    if (error.group === 'retry' || error.group === 'alert') throw error;
  }
}

let replica: Replica | null = null;
let queue: Promise<unknown> = Promise.resolve();

/** Runs an act on the replica, one at a time. Shows the replica's new facts afterwards, also after a failure. */
export function withReplica<T>(act: (replica: Replica, custodian: Custodian) => Promise<T>): Promise<T> {
  const result = queue.then(async () => {
    must(replica !== null && custodian.value !== null, 'unauthenticated', 'you are not signed in');
    try {
      return await act(replica, custodian.value);
    } finally {
      showReplica();
    }
  });
  queue = result.catch(() => undefined);
  return result;
}

function showReplica(): void {
  entries.value = replica?.state.chain.frontier.size ?? 0;
  facts.value = replica?.facts ?? null;
}

/** Replays the log and then shows it. Does nothing more where the custodian signs out meanwhile. */
async function replayLog(opened: Custodian): Promise<void> {
  custodian.value = opened;
  const isOver = () => custodian.value?.token !== opened.token;
  try {
    const followed = await followLog(opened, (entries, of) => {
      progress.value = { entries, of };
    });
    const { rpId } = followed.facts.genesis;
    must(rpId === location.hostname, 'wrong_rp_id', `genesis says ${rpId}, this console serves ${location.hostname}`);
    const confirmed = confirmedBy(followed.facts, opened);
    await rememberOwn(followed.facts, confirmed);
    if (isOver()) return;
    custodian.value = confirmed;
    replica = followed;
    showReplica();
    trouble.value = null;
    await keepForStops(followed);
  } catch (thrown) {
    if (!isOver()) throw thrown;
  }
}

let keptSize = 0;

/** Keeps the kit for a stop without the vault; tries again where the last try failed. */
async function keepForStops({ state, facts: known }: Replica): Promise<void> {
  const { size } = state.chain.frontier;
  if (size === keptSize && !unkept.value.has('stop kit')) return;
  await keepStopKit(stopKitOf(known, size, Date.now()));
  keptSize = size;
}

/** Remembers all of a custodian's keys, so that each can open the next session here. */
async function rememberOwn({ authenticators }: Facts, { person, name, credential }: Custodian): Promise<void> {
  const known = await knownCredentials();
  const own = authenticators
    .valueSeq()
    .filter((candidate) => candidate.person === person && candidate.retiredAt === null);
  for (const { credential: id, name: keyName, keyEpoch, enrolment } of own.sortBy(
    (candidate) => candidate.credential === credential,
  )) {
    if (known.some((candidate) => candidate.credential === id && candidate.enrolment !== null)) continue;
    await rememberCredential({ credential: id, keyEpoch, name, keyName, person, enrolment });
  }
}

/** Stops the page for an alert. Ends the session for other errors; the sign-in screen shows why. */
function leave(error: TwinlockError): void {
  if (error.group === 'alert') {
    fault.value = error;
    forgetSession();
    return;
  }
  signOut();
  ended.value = error;
}

/** Ends the session at the vault, and in this tab. */
export function signOut(): void {
  if (custodian.value !== null) void closeSession(custodian.value.api);
  forgetSession();
  ended.value = null;
  custodian.value = null;
  facts.value = null;
  replica = null;
  void refreshStatus();
}

/**
 * Asks the vault for its status. Before sign-in, the page has no other source for a stop or a resumption. After it, only
 * the status tells of a fault that the vault has found in its own log.
 */
async function refreshStatus(): Promise<void> {
  if (status.value === null || status.value.phase === 'founding') return;
  const said = await ceremony.api.vault().catch(() => null);
  if (said !== null && said.phase !== 'founding') status.value = said;
}

/** Follows the log to its end. Stops the page where the vault has changed its log. */
export async function refresh(): Promise<void> {
  if (replica === null) return;
  try {
    await withReplica((current) => current.extend());
    if (replica !== null) await keepForStops(replica);
    trouble.value = null;
  } catch (thrown) {
    const error = asFailure(thrown);
    // A session ends when its key is retired.
    const isEnded = error.code === 'unauthenticated' || error.code === 'credential_retired';
    if (isEnded || (error.group === 'alert' && error.code !== 'internal')) leave(error);
    else trouble.value = error;
  }
}

/** Keeps the page up to date while it is visible. */
export function keepFresh(): void {
  setInterval(() => {
    now.value = Date.now();
  }, 1000);
  const next = async () => {
    if (document.visibilityState === 'visible' && fault.value === null) await refresh();
    setTimeout(() => void next(), REFRESH_MS);
  };
  void next();
  setInterval(() => void refreshStatus(), STATUS_EVERY_MS);
}

/** Runs a ceremony on the current log, then reads the log, which shows the result; the vault's answer does not. */
export function act<T>(ceremonyOf: (replica: Replica, custodian: Custodian) => Promise<T>): Promise<T> {
  return withReplica(async (current, self) => {
    await current.extend();
    try {
      return await ceremonyOf(current, self);
    } finally {
      // A failure to read the log says nothing about the signed act: the next refresh tries again and shows the error.
      await current.extend().catch(() => undefined);
    }
  });
}
