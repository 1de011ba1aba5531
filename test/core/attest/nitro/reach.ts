import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { appraiseNitro } from '../../../../src/core/attest/nitro/appraise.ts';
import type { NitroReferenceValues } from '../../../../src/core/attest/nitro/reference-values.ts';
import type { NitroReport } from '../../../../src/core/attest/nitro/report.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { NITRO_DATA, NITRO_INSTANT_MS, nitroValues } from '../../../platforms/nitro.ts';

interface Measure {
  readonly values?: NitroReferenceValues | null;
  readonly expectedData?: Uint8Array | null;
  readonly instantMs?: number;
}

/** Appraises a report of the kit by what it satisfies, unless told. */
export function reach(report: NitroReport, measure: Measure = {}) {
  const { values = nitroValues(), expectedData = NITRO_DATA, instantMs = NITRO_INSTANT_MS } = measure;
  const given = { endorsements: NO_ENDORSEMENTS, referenceValues: values, instantMs, verify: verifyNode };
  return appraiseNitro({ report, expectedData, ...given });
}

/** The rules that the report breaks, with what they got. */
export async function broken(report: NitroReport, measure: Measure = {}): Promise<Record<string, string>> {
  const { rules } = await reach(report, measure);
  return Object.fromEntries(rules.filter(({ pass }) => !pass).map(({ rule, got }) => [rule, got]));
}
