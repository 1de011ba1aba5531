import * as z from 'zod/mini';
import { referenceValuesSchema } from '../attest/reference-values.ts';
import { fromBase64url, type Hex } from '../bytes.ts';
import { digestOf, parseCanonicalAs } from '../canonical.ts';
import { binary, durationMs, groupName, u64Text } from '../schema.ts';
import { parseCertificateOfAnyKey } from '../x509/certificate.ts';
import { MAX_HOSTS } from './statement.ts';

/** A policy is an object beside the log, so it may be larger than an entry; still bounded. */
export const MAX_POLICY_BYTES = 1 << 20;

/** A proposal that is not decided in three months has to be proposed again. */
const MAX_PROPOSAL_MS = 90 * 24 * 60 * 60_000;
/** 1 EiB: more than any host fetches, and far from where a sum would not fit 64 bits. */
const MAX_BYTES = 1n << 60n;
const bytes = u64Text.check(z.refine((text) => BigInt(text) <= MAX_BYTES, `expected at most ${MAX_BYTES}`));

/**
 * What a committee demands, changed only by its quorum. Every field is required: nothing is lax because
 * it was forgotten.
 */
const policySchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('policy'),
  /** Each of these groups must have a member among the approvers. */
  groups: z.array(groupName).check(z.maxLength(8)),
  /** One denial closes a release proposal. */
  veto: z.boolean(),
  /** For production vaults: the models that may enrol, and the attestation roots that vouch for them. */
  authenticators: z.strictObject({
    aaguids: z.array(z.string().check(z.regex(/^[0-9a-f]{32}$/))).check(z.maxLength(64)),
    roots: z.array(binary(1, 4096)).check(z.maxLength(64)),
  }),
  referenceValues: referenceValuesSchema,
  limits: z.strictObject({
    proposalMs: durationMs.check(z.lte(MAX_PROPOSAL_MS)),
    leaseMs: durationMs,
    hosts: z.int().check(z.gte(1), z.lte(MAX_HOSTS)),
    bytesPerRelease: bytes,
    bytesPerDay: bytes,
  }),
  publication: z.strictObject({ evaluation: z.boolean(), modelSignature: z.boolean() }),
});
export type Policy = z.infer<typeof policySchema>;

/** Parses attacker-controlled policy bytes. Throws `too_large`, `not_canonical` or `malformed`. */
export function parsePolicy(bytes: Uint8Array): { policy: Policy; digest: Hex } {
  const policy = parseCanonicalAs(policySchema, bytes, MAX_POLICY_BYTES, 'policy');
  // A root that cannot be parsed would make every enrolment fail, long after it was agreed.
  for (const root of policy.authenticators.roots) parseCertificateOfAnyKey(fromBase64url(root));
  return { policy, digest: digestOf(bytes) };
}
