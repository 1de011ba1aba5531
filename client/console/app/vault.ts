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

/** How often the log is asked for what is new. */
const REFRESH_MS = 2000;
/** How often the page asks the vault whether it is stopped, before a custodian has signed in. */
const STATUS_EVERY_MS = 10_000;

/** The page's own name is the RP ID: a vault that says another is refused by the browser. */
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
/** As the vault says; nothing rests on it once there is a log. */
export const status = signal<VaultStatus | null>(null);
/** As it was given to this console, or as this page has itself verified and signed it. */
export const fingerprint = signal<Hex | null>(null);
export const custodian = signal<Custodian | null>(null);
/** What the log has established, as this page has verified it. */
export const facts = signal<Facts | null>(null);
/** How many entries of the log they rest on. */
export const entries = signal(0);
export const progress = signal<{ readonly entries: number; readonly of: number }>({ entries: 0, of: 0 });
/** Why the session ended, where the custodian did not end it. */
export const ended = signal<TwinlockError | null>(null);
/** What ends everything: the page shows nothing else. */
export const fault = signal<TwinlockError | null>(null);
/** The last try to follow the log failed, but may not the next time. */
export const trouble = signal<TwinlockError | null>(null);
export const now = signal(Date.now());

/** The stricter reading: one source that says simulation is enough. */
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

/** Takes the genesis that this founder has compared and signed for that of the vault, also after a reload. */
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
 * Goes on with the session that this tab has kept over a reload, without a touch. The log is replayed from its first entry.
 * Throws where the vault cannot be reached now, so that the page tries again, and for an alert.
 */
export async function resumeSession(): Promise<void> {
  const kept = keptSession();
  if (kept === null || replica !== null) return;
  if (kept.fingerprint !== fingerprint.value) return forgetSession();
  try {
    // The log says the name.
    await replayLog(inSession(ceremony, { ...kept, name: kept.person }));
  } catch (thrown) {
    const error = asFailure(thrown);
    if (error.group !== 'retry') leave(error);
    if (error.group === 'retry' || error.group === 'alert') throw error;
  }
}

let replica: Replica | null = null;
let queue: Promise<unknown> = Promise.resolve();

/** The replica does one thing at a time. What it has learnt is shown afterwards, also where the act failed. */
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

/** Where the custodian signs out meanwhile, nothing comes of it. */
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

/** Keeps what a stop needs once the vault does not answer; again and again where it could not be kept. */
async function keepForStops({ state, facts: known }: Replica): Promise<void> {
  const { size } = state.chain.frontier;
  if (size === keptSize && !unkept.value.has('stop kit')) return;
  await keepStopKit(stopKitOf(known, size, Date.now()));
  keptSize = size;
}

/** All of a custodian's keys, so that each of them opens the next session here. */
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

/** An alert ends everything; any other error ends the session, and the page for signing in says why. */
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
 * What the vault says of itself. Before a custodian has signed in, the page has nothing else: a stop or a resumption may
 * come meanwhile. Afterwards, no replay shows what the vault has found in its own log.
 */
async function refreshStatus(): Promise<void> {
  if (status.value === null || status.value.phase === 'founding') return;
  const said = await ceremony.api.vault().catch(() => null);
  if (said !== null && said.phase !== 'founding') status.value = said;
}

/** Goes on to the log's end. A vault whose log is not what it was ends everything. */
export async function refresh(): Promise<void> {
  if (replica === null) return;
  try {
    await withReplica((current) => current.extend());
    if (replica !== null) await keepForStops(replica);
    trouble.value = null;
  } catch (thrown) {
    const error = asFailure(thrown);
    // The session of a key that was retired has ended with it.
    const isEnded = error.code === 'unauthenticated' || error.code === 'credential_retired';
    if (isEnded || (error.group === 'alert' && error.code !== 'internal')) leave(error);
    else trouble.value = error;
  }
}

/** Keeps the page up to date while somebody looks at it. */
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

/** A ceremony over the log as it is now. Afterwards the log says what came of it; the vault's answer does not. */
export function act<T>(ceremonyOf: (replica: Replica, custodian: Custodian) => Promise<T>): Promise<T> {
  return withReplica(async (current, self) => {
    await current.extend();
    try {
      return await ceremonyOf(current, self);
    } finally {
      // Where it cannot be read now, that says nothing of what was signed: the next refresh tries again and says why.
      await current.extend().catch(() => undefined);
    }
  });
}
