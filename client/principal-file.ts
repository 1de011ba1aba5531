import * as z from 'zod/mini';
import { fromBase64url, toBase64url } from '../src/core/bytes.ts';
import { canonicalBytes, parseCanonical } from '../src/core/canonical.ts';
import { thingName } from '../src/core/name/name.ts';
import { binary, parseAs } from '../src/core/schema.ts';
import { type PrincipalKey, principalKey } from './principal.ts';
import { readSecretFile, writeSecretFile } from './secret-file.ts';

const MAX_BYTES = 4096;

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

/** Reads one. Throws as `readSecretFile`, `malformed` and `not_canonical`. */
export async function readPrincipalKey(path: string): Promise<PrincipalKey> {
  const { role, name, seed } = parseAs(schema, parseCanonical(await readSecretFile(path, MAX_BYTES), MAX_BYTES), path);
  return principalKey(role, name, fromBase64url(seed));
}
