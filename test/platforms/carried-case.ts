import type { Appraisal } from '../../src/core/attest/appraisal.ts';
import { appraiseParts, type PartsToAppraise } from '../../src/core/attest/compose.ts';
import type { Endorsements } from '../../src/core/attest/endorsements.ts';
import type { ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { fromHex, fromUtf8, type Hex } from '../../src/core/bytes.ts';
import { canonicalBytes } from '../../src/core/canonical.ts';
import type { Verify } from '../../src/core/signature/claim.ts';

/** What an appraisal is a function of, as JSON carries it into a page. */
export interface CarriedCase {
  readonly name: string;
  readonly report: PartsToAppraise['report'];
  readonly gpu: PartsToAppraise['gpu'];
  readonly reportData: Hex | null;
  readonly gpuNonce: Hex | null;
  readonly endorsements: Endorsements;
  readonly referenceValues: ReferenceValues | null;
  readonly instantMs: number;
}

/** Appraises a case with the platform's cryptography. */
export async function appraiseCase(carried: CarriedCase, verify: Verify): Promise<Appraisal> {
  const { report, gpu, reportData, gpuNonce, ...measure } = carried;
  const bytesOf = (hex: Hex | null) => (hex === null ? null : fromHex(hex));
  const parts = {
    report,
    gpu,
    reportData: bytesOf(reportData),
    gpuNonce: bytesOf(gpuNonce),
    evidence: '5a'.repeat(32),
  };
  return appraiseParts(parts, { ...measure, verify });
}

export function appraisalText(appraisal: Appraisal): string {
  return fromUtf8(canonicalBytes(appraisal));
}
