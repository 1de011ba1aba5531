import {
  NO_REFERENCE_VALUES,
  parseReferenceValues,
  refusesEveryPlatform,
  SIMULATION_REFERENCE_VALUES,
} from '../core/attest/reference-values.ts';
import { fromBase64url, type Hex } from '../core/bytes.ts';
import { canonicalBytes, digestOfObject } from '../core/canonical.ts';
import { must } from '../core/errors.ts';
import type { Grade } from '../core/schema.ts';
import { type Policy, parsePolicy } from '../core/statement/policy.ts';
import { isHardwareModel } from '../core/webauthn/attestation.ts';
import { isAuthorityAt } from '../core/webauthn/trust-path.ts';
import { parseCertificateOfAnyKey } from '../core/x509/certificate.ts';

const DAY_MS = 24 * 60 * 60_000;
const GIB = 1n << 30n;

/**
 * The policy that a vault is founded with, in canonical form: `given`, or the default of the grade where it is
 * null, with `referenceValues` in place of its own unless they are null. Both come out of files. The default asks for
 * each of the founders' `groups`. Throws as `parsePolicy` and `parseReferenceValues`.
 */
export function foundingPolicy(
  grade: Grade,
  given: object | null,
  referenceValues: unknown,
  groups: readonly string[] = [],
): Uint8Array {
  const values = referenceValues === null ? {} : { referenceValues: parseReferenceValues(referenceValues) };
  const bytes = canonicalBytes({ ...(given ?? { ...defaultPolicy(grade), groups }), ...values });
  parsePolicy(bytes);
  return bytes;
}

/** Whether no host at all can pass under this policy: it does not say yet what a host must show. */
export function refusesEveryHost(policyBytes: Uint8Array): boolean {
  return refusesEveryPlatform(parsePolicy(policyBytes).policy.referenceValues);
}

/**
 * A production vault whose policy admits no security key could never be founded: it is refused while there is none.
 * Throws `quorum_unreachable`, with what is wanting.
 */
export function requireEnrollable({ authenticators }: Policy, nowMs: number): void {
  const { aaguids, roots } = authenticators;
  const remedy = 'say in --policy FILE which may (twinlockd policy template), or try it with --grade simulation';
  const refuse = (why: string) => `no founder could enrol a security key: ${why}: ${remedy}`;
  must(aaguids.length > 0, 'quorum_unreachable', refuse('policy.authenticators.aaguids lists no model'));
  must(
    aaguids.some(isHardwareModel),
    'quorum_unreachable',
    refuse('policy.authenticators.aaguids lists software alone, which a production vault refuses'),
  );
  must(roots.length > 0, 'quorum_unreachable', refuse('policy.authenticators.roots lists no root certificate'));
  must(
    roots.some((root) => isAuthorityAt(parseCertificateOfAnyKey(fromBase64url(root)), nowMs)),
    'quorum_unreachable',
    refuse('policy.authenticators.roots lists no certificate authority that is valid now'),
  );
}

/** SHA-256 of the policy's reference values, as `twinlock reference-values check` has it of their file. */
export function referenceValuesDigest(policyBytes: Uint8Array): Hex {
  return digestOfObject(parsePolicy(policyBytes).policy.referenceValues);
}

/**
 * Strict where it can be: a production vault lists its evidence before anything passes, and is not founded before it
 * lists authenticators.
 */
export function defaultPolicy(grade: Grade): Policy {
  return {
    v: 1,
    kind: 'policy',
    groups: [],
    veto: false,
    authenticators: { aaguids: [], roots: [] },
    referenceValues: grade === 'simulation' ? SIMULATION_REFERENCE_VALUES : NO_REFERENCE_VALUES,
    limits: {
      proposalMs: 7 * DAY_MS,
      leaseMs: 30 * DAY_MS,
      hosts: 64,
      bytesPerRelease: (1024n * 1024n * GIB).toString(),
      bytesPerDay: (4n * 1024n * 1024n * GIB).toString(),
    },
    publication: { evaluation: false, modelSignature: false },
  };
}
