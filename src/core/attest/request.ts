import * as z from 'zod/mini';
import type { Hex } from '../bytes.ts';
import { digestOfObject } from '../canonical.ts';
import { digest, ed25519Key, instantMs, modelName, versionName } from '../schema.ts';

/** The most hosts that one request, and one release, names: one touch, each host still attested. */
export const MAX_HOSTS = 64;

/** The request that a requester opens before any host collects evidence. Evidence binds its digest. */
export const requestSchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('request'),
  vault: digest,
  requester: ed25519Key,
  model: modelName,
  version: versionName,
  purpose: z.enum(['serving', 'evaluation']),
  hosts: z.int().check(z.gte(1), z.lte(MAX_HOSTS)),
  nonce: digest,
  created: instantMs,
});
export type Request = z.infer<typeof requestSchema>;

export function requestDigest(request: Request): Hex {
  return digestOfObject(request);
}
