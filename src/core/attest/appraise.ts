import { fromBase64url } from '../bytes.ts';
import { canonicalBytes, digestOf, digestOfObject } from '../canonical.ts';
import { checkKemPublicKey } from '../envelope/xwing.ts';
import { must } from '../errors.ts';
import { checkPublicKey } from '../signature/precheck.ts';
import { ed25519KeyBytes } from '../statement/key.ts';
import type { ReferenceValues } from '../statement/policy.ts';
import type { Appraisal } from './appraisal.ts';
import { parseEvidence } from './evidence.ts';
import { appraiseSimulated } from './simulated/appraise.ts';

/** What an appraisal is a function of: nothing else, so that everybody reaches the same bytes. */
export interface AppraisalInput {
  /** Canonical evidence, attacker-controlled. */
  readonly evidence: Uint8Array;
  readonly referenceValues: ReferenceValues;
  readonly instantMs: number;
}

/**
 * Appraises a host's evidence against reference values at an instant (design: attestation). Throws for
 * evidence that cannot be parsed (`too_large`, `not_canonical`, `malformed`) or whose keys cannot be used
 * (`invalid_key`); evidence that breaks a rule
 * gives a document whose verdict is `fail`. Asynchronous, because certificates and RSA are.
 */
export async function appraise(input: AppraisalInput): Promise<Appraisal> {
  const { evidence, digest } = parseEvidence(input.evidence);
  // A key that nobody can seal to, or a second spelling of one, is turned away before a custodian is bothered.
  checkKemPublicKey(fromBase64url(evidence.kem));
  checkPublicKey('Ed25519', ed25519KeyBytes(evidence.receiptKey));
  const result = appraiseSimulated(evidence, input.referenceValues);
  return {
    v: 1,
    kind: 'appraisal',
    platform: evidence.report.platform,
    instant: input.instantMs,
    evidence: digest,
    referenceValues: digestOfObject(input.referenceValues),
    label: result.label,
    claims: result.claims,
    rules: [...result.rules],
    verdict: result.rules.length > 0 && result.rules.every((rule) => rule.pass) ? 'pass' : 'fail',
  };
}

/** An appraisal that somebody relies on and has not reached themselves; discharged like a signature. */
export interface AppraisalClaim extends AppraisalInput {
  readonly kind: 'appraisal';
  /** SHA-256 of the appraisal that the log names. */
  readonly expected: string;
}

/** Appraises again. Throws `appraisal_mismatch` unless the same bytes come out. */
export async function dischargeAppraisal(claim: AppraisalClaim): Promise<Appraisal> {
  const appraisal = await appraise(claim);
  const got = digestOf(canonicalBytes(appraisal));
  must(got === claim.expected, 'appraisal_mismatch', `expected the appraisal ${claim.expected}, reached ${got}`);
  return appraisal;
}
