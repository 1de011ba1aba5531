import { signal } from '@preact/signals';
import * as z from 'zod/mini';
import { fromUtf8, type Hex } from '../../../src/core/bytes.ts';
import type { TwinlockError } from '../../../src/core/errors.ts';
import { personName, thingName } from '../../../src/core/name/name.ts';
import { binary, credentialId, digest, id, parseAs } from '../../../src/core/schema.ts';
import { type ApiQuestion, exchange, platformFetch } from '../../api/transport.ts';
import { parseStopKit, type StopKit } from '../../custodian/stop-kit.ts';
import type { CheckpointMemory } from '../../log/checkpoint-memory.ts';
import { MAX_KEPT_BYTES, type StateMemory } from '../../log/kept-state.ts';
import { consoleKeyHeader } from './console-key.ts';
import { asFailure } from './parts/notice.tsx';

/** The data that the console's own server keeps on this workstation. */

/** Largest answer: a state as a JSON string is up to twice as long, since its quotation marks are escaped. */
const MAX_BYTES = 2 * MAX_KEPT_BYTES;
const TIMEOUT_MS = 10_000;

const config = z.strictObject({
  fingerprint: z.nullable(digest),
  vault: z.url(),
  ca: z.nullable(z.string()),
  clone: z.string(),
  certificate: z.nullable(digest),
  referenceValues: z.nullable(digest),
});
export type Config = z.infer<typeof config>;
const kept = z.strictObject({ checkpoint: z.nullable(z.strictObject({ size: z.int(), root: digest })) });
const known = z.strictObject({
  credential: credentialId,
  keyEpoch: z.int(),
  name: personName,
  keyName: z.nullable(thingName),
  person: z.nullable(id),
  enrolment: z.nullable(digest),
});
export type KnownCredential = z.infer<typeof known>;
const opened = z.strictObject({ key: binary(32, 32), invitation: z.nullable(z.string()) });
const offer = z.strictObject({ path: z.string(), wanted: z.string(), kept: z.nullable(z.string()) });
export type ConfigurationOffer = z.infer<typeof offer>;
const keptState = z.strictObject({ kept: z.nullable(z.string()) });
const keptKit = z.strictObject({ kit: z.unknown() });
const knownList = z.strictObject({ credentials: z.array(known) });

export async function loadConfig(): Promise<Config> {
  return parseAs(config, await ask('GET', '/local/config'), 'config');
}

type Kept = 'checkpoint' | 'credentials' | 'stop kit';

/** The items that this workstation could not keep at the last try, with the reason: its disk is full, for instance. */
export const unkept = signal<ReadonlyMap<Kept, TwinlockError>>(new Map());

/**
 * Keeps something on the workstation's disk, or says on every page why it could not. A custodian with a full disk
 * continues in this tab, and can stop. Throws an alert, for instance for a log that went back.
 */
async function keep(what: Kept, act: () => Promise<unknown>): Promise<void> {
  const others = [...unkept.value].filter(([other]) => other !== what);
  try {
    await act();
    if (unkept.value.has(what)) unkept.value = new Map(others);
  } catch (thrown) {
    const error = asFailure(thrown);
    if (what === 'checkpoint' && error.group === 'alert') throw error;
    unkept.value = new Map([...others, [what, error]]);
  }
}

/** The last checkpoint that this workstation verified; its server refuses to go back. */
export const localMemory: CheckpointMemory = {
  async get(fingerprint: Hex) {
    return parseAs(kept, await ask('GET', `/local/checkpoint/${fingerprint}`), 'kept').checkpoint;
  },
  async put(fingerprint: Hex, { size, root }) {
    await keep('checkpoint', () => ask('PUT', `/local/checkpoint/${fingerprint}`, { size, root }));
  },
};

/**
 * The state that this workstation keeps of the verified log. Where the disk cannot keep it, the next sign-in replays
 * more.
 */
export const localStates: StateMemory = {
  async get(fingerprint: Hex) {
    return parseAs(keptState, await ask('GET', `/local/state/${fingerprint}`), 'kept').kept;
  },
  async put(fingerprint: Hex, kept: string) {
    await ask('PUT', `/local/state/${fingerprint}`, { kept });
  },
};

/** Authenticators used in this tab, the latest first: the tab knows them even where the disk could not keep them. */
let usedHere: readonly KnownCredential[] = [];

/** The authenticators that were used here, the latest first. */
export async function knownCredentials(): Promise<readonly KnownCredential[]> {
  const { credentials } = parseAs(knownList, await ask('GET', '/local/credentials'), 'known');
  const isOnDisk = ({ credential }: KnownCredential) => credentials.some((kept) => kept.credential === credential);
  return [...usedHere.filter((used) => !isOnDisk(used)), ...credentials];
}

export async function rememberCredential(credential: KnownCredential): Promise<void> {
  usedHere = [credential, ...usedHere.filter((used) => used.credential !== credential.credential)];
  await keep('credentials', () => ask('POST', '/local/credentials', credential));
}

/** The key of the console, and the invitation that it was started with. `once` opens them once. */
export async function openConsole(once: string): Promise<z.infer<typeof opened>> {
  return parseAs(opened, await ask('POST', '/local/opening', { once }), 'opened');
}

/** The new and the present content of the command line's configuration file. */
export async function configurationOffer(vault: Hex): Promise<ConfigurationOffer> {
  return parseAs(offer, await ask('GET', `/local/configuration/${vault}`), 'offer');
}

/** Writes it; `replaces` is the SHA-256 of the file that was shown, null where there was none. */
export async function writeConfiguration(vault: Hex, replaces: Hex | null): Promise<void> {
  await ask('PUT', `/local/configuration/${vault}`, { replaces });
}

/** The kit for a stop of this vault; null where no custodian has signed in to it on this workstation. */
export async function keptStopKit(vault: Hex): Promise<StopKit | null> {
  const { kit } = parseAs(keptKit, await ask('GET', `/local/stop-kit/${vault}`), 'kept');
  return kit === null ? null : parseStopKit(kit, vault);
}

export async function keepStopKit(kit: StopKit): Promise<void> {
  await keep('stop kit', () => ask('PUT', `/local/stop-kit/${kit.vault}`, kit));
}

async function ask(method: ApiQuestion['method'], path: string, body?: object): Promise<unknown> {
  const asked = { method, path, bearer: null, timeoutMs: TIMEOUT_MS, signal: null, ofConsole: true } as const;
  const question = { ...asked, headers: consoleKeyHeader() };
  const sent = body === undefined ? question : { ...question, body: JSON.stringify(body) };
  const answer = await exchange(platformFetch, location.origin, sent);
  const text = fromUtf8(await answer.bytes(MAX_BYTES));
  return text === '' ? null : JSON.parse(text);
}
