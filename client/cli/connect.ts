import type { Hex } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { quoted } from '../../src/core/quoted.ts';
import { comparisonCode, GENESIS_WORDS } from '../../src/core/statement/comparison-code.ts';
import { roleText } from '../../src/core/statement/role-text.ts';
import { DischargingThreads } from '../../src/platform/threads/discharging-threads.ts';
import { PROXY_EXPECTED, reachByProxy } from '../../src/sockets/proxy.ts';
import { Api, type VaultStatus } from '../api/api.ts';
import { type Fetch, NoVaultAnswer, platformFetch } from '../api/transport.ts';
import { unreached } from '../api/unreached.ts';
import { checkpointFiles } from '../log/checkpoint-file.ts';
import { Replica } from '../log/replica.ts';
import { stateFiles } from '../log/state-file.ts';
import { openPrincipalSession, type PrincipalKey, type PrincipalSession } from '../principal/principal.ts';
import { readPrincipalKey } from '../principal/principal-file.ts';
import type { Invocation } from './invocation.ts';
import { type Settings, settingError, vaultUrl } from './settings.ts';
import { trustCa } from './trust.ts';

const HEX_DIGITS = 64;
const MEND_OR_ALERT =
  'mend the address or the fingerprint that was given (by flag, variable or config), or alert the others';
/** Only a founded vault has a fingerprint: a vault that is not founded is another one, or it has lost its log. */
const NOT_FOUNDED = `the vault that answers says that it has not been founded: ${MEND_OR_ALERT}`;

/**
 * Returns the vault's API, without a session. Trusts the certificates that Node trusts and those of the settings, and
 * uses the proxy of the environment. Throws as `trustCa` and `vaultUrl`, and `usage` for an invalid proxy.
 */
export function connect({ settings, signal }: Invocation): Api {
  const url = vaultUrl(settings);
  trustCaOf(settings);
  const isProxied = reachByProxy(url, process.env);
  must(isProxied !== null, 'usage', PROXY_EXPECTED);
  return new Api({ baseUrl: url.origin, signal, ...(isProxied ? { fetch: fetchByProxy } : {}) });
}

function trustCaOf({ ca, origins }: Settings): void {
  try {
    if (ca !== null) trustCa(ca);
  } catch (error) {
    throw settingError(error, origins.ca);
  }
}

/**
 * Reads the machine's key of the settings. Throws as `readPrincipalKey`; the error says which setting names the file.
 */
export async function principalKeyOf(path: string, { origins }: Settings): Promise<PrincipalKey> {
  try {
    return await readPrincipalKey(path);
  } catch (error) {
    throw settingError(error, origins.key);
  }
}

/** Adds to a failure that a proxy was used: it may be the proxy that cannot be reached or that refuses. */
const fetchByProxy: Fetch = async (url, init) => {
  try {
    return await platformFetch(url, init);
  } catch (error) {
    if (init.signal.aborted) throw error;
    const { code, message, detail } = unreached(error, new URL(url).origin);
    const byProxy = `${message}; it was asked for by the proxy that HTTPS_PROXY names: list its host in NO_PROXY to reach it without`;
    throw new TwinlockError(code, byProxy, detail, { cause: error });
  }
};

/**
 * Returns the vault's fingerprint that the user gave. Twelve words are its first 132 bits: this function then takes the
 * whole fingerprint from `kept`, the vaults that this machine has followed, or asks the vault, and compares it with the
 * words. Throws `usage` where the user gave none.
 */
export async function fingerprintOf(
  { fingerprint, origins }: Settings,
  api: Api,
  kept: readonly Hex[] = [],
): Promise<Hex> {
  must(
    fingerprint !== null,
    'usage',
    'expected the vault’s fingerprint, which the vault itself must not supply: give --fingerprint HEX or its 12 words, ' +
      'TWINLOCK_FINGERPRINT, or "fingerprint" in the config; every custodian’s console shows it, once the vault is founded',
  );
  const text = fingerprint.trim().toLowerCase();
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  const words = text.split(/[\s,-]+/);
  must(
    words.length === GENESIS_WORDS,
    'usage',
    `${origins.fingerprint}: expected ${HEX_DIGITS} hexadecimal digits or ${GENESIS_WORDS} words, got ${quoted(text)}`,
  );
  const hasWords = (vault: Hex) => comparisonCode(vault, GENESIS_WORDS) === words.join(' ');
  const followed = kept.find(hasWords);
  if (followed !== undefined) return followed;
  const named = (await vaultOf(api)).fingerprint;
  must(named !== null, 'wrong_genesis', NOT_FOUNDED);
  must(
    hasWords(named),
    'wrong_genesis',
    `the vault that answers does not have the fingerprint of these words: ${MEND_OR_ALERT}`,
  );
  return named;
}

/** The session of a principal. */
export interface Connection extends PrincipalSession {
  readonly fingerprint: Hex;
}

/** A principal's key, and the vault that it is used with. */
interface Identity {
  readonly api: Api;
  readonly principal: PrincipalKey;
  readonly fingerprint: Hex;
}

/**
 * Reads the principal's key of the settings. Asks the vault for its fingerprint at most. Throws `usage` where the
 * settings have no key or a key of another role.
 */
export async function identify(invocation: Invocation, roles: readonly PrincipalKey['role'][]): Promise<Identity> {
  const { settings } = invocation;
  const wanted = roles.map(roleText).join(' or of ');
  const api = connect(invocation);
  const fingerprint = await fingerprintOf(settings, api);
  must(
    settings.key !== null,
    'usage',
    `this needs the key of ${wanted}: give --key FILE, TWINLOCK_KEY, or "key" in the config`,
  );
  const principal = await principalKeyOf(settings.key, settings);
  must(
    roles.includes(principal.role),
    'usage',
    `this needs the key of ${wanted}, ${settings.key} is ${roleText(principal.role)}’s`,
  );
  return { api, principal, fingerprint };
}

/** Signs in. Throws as `identify`. */
export async function signIn(invocation: Invocation, roles: readonly PrincipalKey['role'][]): Promise<Connection> {
  return openConnection(await identify(invocation, roles));
}

export async function openConnection({ api, principal, fingerprint }: Identity): Promise<Connection> {
  await saysItIs(api, fingerprint);
  return { ...(await openPrincipalSession(api, principal, fingerprint)), fingerprint };
}

/** Asks the vault for its status. Throws `usage` where the answer is not a vault's, and as `Api` where none comes. */
export async function vaultOf(api: Api): Promise<VaultStatus> {
  try {
    return await api.vault();
  } catch (error) {
    if (!(error instanceof NoVaultAnswer) || error.code === 'unavailable') throw error;
    const message = `what answers there is no vault (${error.message}): see whether --vault names its host and port`;
    throw new TwinlockError('usage', message, error.detail, { cause: error });
  }
}

/**
 * Compares the fingerprint that the vault claims. The claim is not trusted: this check only gives a mistake a clearer
 * error than an invalid signature would. Throws `wrong_genesis`, and as `vaultOf`.
 */
export async function saysItIs(api: Api, fingerprint: Hex): Promise<void> {
  const { fingerprint: said } = await vaultOf(api);
  must(said !== null, 'wrong_genesis', NOT_FOUNDED);
  must(
    said === fingerprint,
    'wrong_genesis',
    `the vault that answers is ${said}, expected ${fingerprint}: ${MEND_OR_ALERT}`,
  );
}

/** Replays the log from the fingerprint and shows the progress. */
export async function follow({ settings, terminal }: Invocation, connection: Connection): Promise<Replica> {
  const progress = terminal.progress('replaying the log', 'entries');
  try {
    return await Replica.follow(connection.api, {
      fingerprint: connection.fingerprint,
      verify: new DischargingThreads(),
      memory: checkpointFiles(settings.stateDir),
      states: stateFiles(settings.stateDir, settings),
      onUnkept: ({ message }) => terminal.note(`the next command replays more of the log: ${message}`),
      now: Date.now,
      onProgress: progress.update,
    });
  } finally {
    progress.end();
  }
}
