import * as z from 'zod/mini';
import { referenceValuesSchema } from '../attest/reference-values.ts';
import { MAX_HOSTS } from '../attest/request.ts';
import { fromBase64url, type Hex, toHex } from '../bytes.ts';
import { digestOf, parseCanonicalAs } from '../canonical.ts';
import { TwinlockError } from '../errors.ts';
import { binary, durationMs, groupName, u64Text } from '../schema.ts';
import { parseCertificateOfAnyKey } from '../x509/certificate.ts';
import { subjectText } from '../x509/name.ts';

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
export const policySchema = z.strictObject({
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
/** The agreement of a committee: groups, limits, reference values, authenticators (statement/FORMAT.md, Policy). */
export type Policy = z.infer<typeof policySchema>;

/** Parses attacker-controlled policy bytes. Throws `too_large`, `not_canonical` or `malformed`. */
export function parsePolicy(bytes: Uint8Array): { policy: Policy; digest: Hex } {
  const policy = parseCanonicalAs(policySchema, bytes, MAX_POLICY_BYTES, 'policy');
  requireUsableRoots(policy.authenticators.roots);
  return { policy, digest: digestOf(bytes) };
}

/** A root that cannot be parsed, or has the name of another, would make enrolments fail, long after it was agreed. */
function requireUsableRoots(roots: readonly string[]): void {
  const places = new Map<Hex, number>();
  for (const [i, root] of roots.entries()) {
    const certificate = parseCertificateOfAnyKey(fromBase64url(root));
    const name = toHex(certificate.subject);
    const earlier = places.get(name);
    if (earlier !== undefined) {
      const same = root === roots[earlier] ? 'are both' : 'both have the name of';
      const message = `policy.authenticators.roots: roots ${earlier + 1} and ${i + 1} of the list ${same} ${subjectText(certificate)}, so no security key that one of them vouches for could enrol: list one of them`;
      throw new TwinlockError('malformed', message);
    }
    places.set(name, i);
  }
}
