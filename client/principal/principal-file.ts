import * as z from 'zod/mini';
import { fromBase64url, fromUtf8, toBase64url } from '../../src/core/bytes.ts';
import { canonicalBytes } from '../../src/core/canonical.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json.ts';
import { thingName } from '../../src/core/name/name.ts';
import { binary, parseAs } from '../../src/core/schema.ts';
import { principalInvitation } from '../../src/core/statement/statement.ts';
import { readInput } from '../../src/platform/files/input.ts';
import { readSecretDocument, writeSecretFile } from '../../src/platform/files/secret.ts';
import { type PrincipalKey, principalKey } from './principal.ts';

const MAX_BYTES = 4096;
/** The file beside a key that custodians enrol: its names, and the scopes that it may have. */
const RECORD = '.json';
export const MAX_RECORD_BYTES = 64 << 10;

const schema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('twinlock-principal'),
  role: z.enum(['depositor', 'requester', 'auditor']),
  name: thingName,
  seed: binary(32, 32),
});

/** Writes a principal's key, mode 0600 (FORMAT.md). Throws `exists`: a key is never overwritten. */
export async function writePrincipalKey(path: string, { role, name, seed }: PrincipalKey): Promise<void> {
  const file = { v: 1, kind: 'twinlock-principal', role, name, seed: toBase64url(seed) };
  await writeSecretFile(path, canonicalBytes(file));
}

/** Reads one. Throws as `readSecretDocument`, and `malformed`, which says of a public half that it is one. */
export async function readPrincipalKey(path: string): Promise<PrincipalKey> {
  const { role, name, seed } = await readSecretHalf(path);
  return principalKey(role, name, fromBase64url(seed));
}

async function readSecretHalf(path: string): Promise<z.infer<typeof schema>> {
  try {
    return parseAs(schema, await readSecretDocument(path, MAX_BYTES), path);
  } catch (error) {
    // The file holds no secret, so any mode is allowed.
    if (!(await isPublicHalf(path))) throw error;
    const secret = path.endsWith(RECORD) ? path.slice(0, -RECORD.length) : 'the file that lies beside it';
    const message = `${path} is the public half of a key, which custodians enrol: give ${secret}`;
    throw new TwinlockError('malformed', message, {}, { cause: error });
  }
}

async function isPublicHalf(path: string): Promise<boolean> {
  try {
    const bytes = await readInput(path, MAX_RECORD_BYTES);
    return principalInvitation.safeParse(parseJson(fromUtf8(bytes))).success;
  } catch {
    return false;
  }
}
