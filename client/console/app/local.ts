import * as z from 'zod/mini';
import { fromUtf8, type Hex } from '../../../src/core/bytes.ts';
import { personName, thingName } from '../../../src/core/name/name.ts';
import { credentialId, digest, id, parseAs } from '../../../src/core/schema.ts';
import type { CheckpointMemory } from '../../checkpoint-memory.ts';
import { parseStopKit, type StopKit } from '../../custodian/stop-kit.ts';
import { exchange, platformFetch, type Question } from '../../transport.ts';

/** What the console's own server keeps on this workstation. */

const MAX_BYTES = 1 << 20;
const TIMEOUT_MS = 10_000;

const config = z.strictObject({
  fingerprint: z.nullable(digest),
  vault: z.url(),
  ca: z.nullable(z.string()),
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
const handedOver = z.strictObject({ invitation: z.string() });
const offer = z.strictObject({ path: z.string(), wanted: z.string(), kept: z.nullable(z.string()) });
export type ConfigurationOffer = z.infer<typeof offer>;
const keptKit = z.strictObject({ kit: z.unknown() });
const knownList = z.strictObject({ credentials: z.array(known) });

export async function loadConfig(): Promise<Config> {
  return parseAs(config, await ask('GET', '/local/config'), 'config');
}

/** The last checkpoint that this workstation verified; its server refuses to go back. */
export const localMemory: CheckpointMemory = {
  async get(fingerprint: Hex) {
    return parseAs(kept, await ask('GET', `/local/checkpoint/${fingerprint}`), 'kept').checkpoint;
  },
  async put(fingerprint: Hex, { size, root }) {
    await ask('PUT', `/local/checkpoint/${fingerprint}`, { size, root });
  },
};

/** The authenticators that were used here, the latest first. */
export async function knownCredentials(): Promise<readonly KnownCredential[]> {
  return parseAs(knownList, await ask('GET', '/local/credentials'), 'known').credentials;
}

export async function rememberCredential(credential: KnownCredential): Promise<void> {
  await ask('POST', '/local/credentials', credential);
}

/** The invitation that the console was started with. The key opens it once. */
export async function takeHandedOver(key: string): Promise<string> {
  return parseAs(handedOver, await ask('POST', '/local/invitation', { key }), 'handed over').invitation;
}

/** What the configuration file of the command line would say, and what it says. */
export async function configurationOffer(vault: Hex): Promise<ConfigurationOffer> {
  return parseAs(offer, await ask('GET', `/local/configuration/${vault}`), 'offer');
}

/** Writes it; `replaces` is the SHA-256 of the file that was shown, null where there was none. */
export async function writeConfiguration(vault: Hex, replaces: Hex | null): Promise<void> {
  await ask('PUT', `/local/configuration/${vault}`, { replaces });
}

/** What a stop of this vault needs; null where no custodian has signed in to it on this workstation. */
export async function keptStopKit(vault: Hex): Promise<StopKit | null> {
  const { kit } = parseAs(keptKit, await ask('GET', `/local/stop-kit/${vault}`), 'kept');
  return kit === null ? null : parseStopKit(kit, vault);
}

export async function keepStopKit(kit: StopKit): Promise<void> {
  await ask('PUT', `/local/stop-kit/${kit.vault}`, kit);
}

async function ask(method: Question['method'], path: string, body?: object): Promise<unknown> {
  const question = { method, path, bearer: null, timeoutMs: TIMEOUT_MS, signal: null };
  const sent = body === undefined ? question : { ...question, body: JSON.stringify(body) };
  const answer = await exchange(platformFetch, location.origin, sent);
  const text = fromUtf8(await answer.bytes(MAX_BYTES));
  return text === '' ? null : JSON.parse(text);
}
