import { join } from 'node:path';
import * as z from 'zod/mini';
import { canonicalBytes, parseCanonical } from '../../../src/core/canonical.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { personName, thingName } from '../../../src/core/name/name.ts';
import { credentialId, digest, id, parseAs } from '../../../src/core/schema.ts';
import { makeOwnFolder } from '../../../src/platform/files/durable.ts';
import { readSecretFile, writeSecretFile } from '../../../src/platform/files/secret.ts';
import { Queue } from '../../../src/platform/queue.ts';
import { withFileLock } from '../../files/file-lock.ts';
import { readKept } from '../../files/kept-file.ts';

/** Most credentials kept: more than a person has, and as many as a browser accepts in one request. */
const MAX_CREDENTIALS = 64;
const MAX_BYTES = 256 * 1024;

const knownCredential = z.strictObject({
  credential: credentialId,
  keyEpoch: z.int().check(z.gte(1), z.lte(0xffff_ffff)),
  /** The person's name, for display. */
  name: personName,
  /** The key's name; null where the credential id was typed in. */
  keyName: z.nullable(thingName),
  /** The person's id, and SHA-256 of the enrolment document; null where the key was not enrolled here. */
  person: z.nullable(id),
  enrolment: z.nullable(digest),
});
export type KnownCredential = z.infer<typeof knownCredential>;
const document = z.strictObject({
  v: z.literal(1),
  credentials: z.array(knownCredential).check(z.maxLength(MAX_CREDENTIALS)),
});

/** Throws `malformed`. */
export function parseKnownCredential(value: unknown): KnownCredential {
  return parseAs(knownCredential, value, 'credential');
}

/**
 * The authenticators that were used on this workstation. Security keys do not list their credentials, so the page must
 * name the credential at a sign-in, and finds a founder's enrolments in the genesis by it. No secrets. Canonical JSON
 * `{credentials, v}`, one file an RP ID.
 */
export class CredentialFile {
  readonly #dir: string;
  readonly #path: string;
  readonly #queue = new Queue();

  constructor(dir: string, rpId: string) {
    this.#dir = dir;
    this.#path = join(dir, `credentials-${rpId}.json`);
  }

  /** Lists the credentials, the latest first. Throws `malformed` or `not_canonical` for a damaged file. */
  async list(): Promise<readonly KnownCredential[]> {
    const bytes = await readSecretFile(this.#path, MAX_BYTES).catch((error: unknown) => {
      if (error instanceof TwinlockError && error.code === 'not_found') return null;
      throw error;
    });
    if (bytes === null) return [];
    return readKept(
      this.#path,
      'move it away, then sign in with a credential id, which any custodian’s console shows under Committee',
      () => parseAs(document, parseCanonical(bytes, MAX_BYTES), 'credentials').credentials,
    );
  }

  /** Puts a credential first; drops the oldest where there are too many. */
  add(credential: KnownCredential): Promise<void> {
    return this.#queue.run(async () => {
      await makeOwnFolder(this.#dir);
      // Another console may add one at the same time.
      await withFileLock(this.#path, async () => {
        const others = (await this.list()).filter((other) => other.credential !== credential.credential);
        const credentials = [credential, ...others].slice(0, MAX_CREDENTIALS);
        await writeSecretFile(this.#path, canonicalBytes({ v: 1, credentials }), { replace: true });
      });
    });
  }
}
