import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { appraiseTpm } from '../../../../src/core/attest/tpm/appraise.ts';
import type { TpmReferenceValues } from '../../../../src/core/attest/tpm/reference-values.ts';
import type { TpmReport } from '../../../../src/core/attest/tpm/report.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { EXTRA_DATA, TPM_INSTANT_MS, tpmReferenceValues } from '../../../platforms/tpm.ts';

interface Measure {
  readonly values?: TpmReferenceValues | null;
  readonly expectedData?: Uint8Array | null;
  readonly instantMs?: number;
}

/** Appraises a report of the kit by what it satisfies, unless told. */
export function reach(report: TpmReport, measure: Measure = {}) {
  const { values = tpmReferenceValues(), expectedData = EXTRA_DATA, instantMs = TPM_INSTANT_MS } = measure;
  const given = { endorsements: NO_ENDORSEMENTS, referenceValues: values, instantMs, verify: verifyNode };
  return appraiseTpm({ report, expectedData, ...given });
}

/** The rules that the report breaks, with what they got. */
export async function broken(report: TpmReport, measure: Measure = {}): Promise<Record<string, string>> {
  const { rules } = await reach(report, measure);
  return Object.fromEntries(rules.filter(({ pass }) => !pass).map(({ rule, got }) => [rule, got]));
}
