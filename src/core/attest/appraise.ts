import { fromBase64url } from '../bytes.ts';
import { canonicalBytes, digestOf } from '../canonical.ts';
import { checkKemPublicKey } from '../envelope/xwing.ts';
import { must } from '../errors.ts';
import type { Verify } from '../signature/claim.ts';
import { ed25519KeyBytes } from '../signature/key-text.ts';
import type { Appraisal } from './appraisal.ts';
import { appraiseParts } from './compose.ts';
import { parseEndorsements } from './endorsements.ts';
import { gpuNonce, hostBoundData, parseEvidence } from './evidence.ts';
import type { ReferenceValues } from './reference-values.ts';

/** An appraisal is a function of these and of nothing else, so that every machine reaches the same bytes. */
export interface AppraisalInput {
  /** Canonical evidence, attacker-controlled. */
  readonly evidence: Uint8Array;
  /** Canonical endorsements, attacker-controlled. */
  readonly endorsements: Uint8Array;
  readonly referenceValues: ReferenceValues;
  readonly instantMs: number;
}

/**
 * Appraises a host's evidence against reference values at an instant (design: attestation). Throws for
 * evidence or endorsements that cannot be parsed (`too_large`, `not_canonical`, `malformed`) or keys that
 * cannot be used (`invalid_key`); evidence that breaks a rule gives a document whose verdict is `fail`.
 * Every `verify` leads to the same appraisal; they differ in speed.
 */
export async function appraise(input: AppraisalInput, verify: Verify): Promise<Appraisal> {
  const { evidence, digest } = parseEvidence(input.evidence);
  const { endorsements } = parseEndorsements(input.endorsements);
  // A key that cannot be sealed to, or a second spelling of one, is refused before a custodian is asked.
  checkKemPublicKey(fromBase64url(evidence.kem));
  const publicKey = ed25519KeyBytes(evidence.receiptKey);
  await verify({ kind: 'key', algorithm: 'Ed25519', publicKey, what: 'the receipt key of the evidence' });
  const { report, gpu } = evidence;
  const reportData = hostBoundData(report.platform, evidence);
  const parts = { report, reportData, gpu, gpuNonce: gpuNonce(evidence), evidence: digest };
  const { referenceValues, instantMs } = input;
  return appraiseParts(parts, { endorsements, referenceValues, instantMs, verify });
}

/** An appraisal that a caller relies on and has not computed. The caller discharges it as it does a signature. */
export interface AppraisalClaim extends AppraisalInput {
  readonly kind: 'appraisal';
  /** SHA-256 of the appraisal that the log names. */
  readonly expected: string;
}

/** Appraises again. Throws `appraisal_mismatch` unless the same bytes come out. */
export async function dischargeAppraisal(claim: AppraisalClaim, verify: Verify): Promise<Appraisal> {
  const appraisal = await appraise(claim, verify);
  const got = digestOf(canonicalBytes(appraisal));
  must(got === claim.expected, 'appraisal_mismatch', `expected the appraisal ${claim.expected}, reached ${got}`);
  return appraisal;
}
