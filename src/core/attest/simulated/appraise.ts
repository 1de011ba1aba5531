import { fromBase64url, toHex } from '../../bytes.ts';
import { TwinlockError } from '../../errors.ts';
import { verifyReference } from '../../signature/reference.ts';
import { ed25519KeyBytes } from '../../statement/key.ts';
import type { ReferenceValues } from '../../statement/policy.ts';
import type { RuleResult } from '../appraisal.ts';
import { type Evidence, hostReportData } from '../evidence.ts';
import { type SimulatedReport, simulatedReportMessage } from './report.ts';

/** What the report says and how it compares: the platform's part of an appraisal. */
export interface PlatformResult {
  readonly label: string;
  readonly claims: Readonly<Record<string, string>>;
  readonly rules: readonly RuleResult[];
}

export function appraiseSimulated(evidence: Evidence, referenceValues: ReferenceValues): PlatformResult {
  const { report } = evidence;
  const chip = toHex(ed25519KeyBytes(report.chip));
  const expectedData = toHex(hostReportData(evidence));
  const gotData = toHex(fromBase64url(report.reportData));
  const measurements = referenceValues.simulated?.measurements ?? [];
  return {
    label: `simulated-${chip.slice(0, 16)}`,
    claims: { chip, measurement: report.measurement, reportData: gotData },
    rules: [
      { rule: 'simulated.signature', expected: 'valid', ...signatureRule(report) },
      { rule: 'simulated.report-data', expected: expectedData, got: gotData, pass: expectedData === gotData },
      {
        rule: 'simulated.measurement',
        expected: measurements.length === 0 ? 'none is allowed' : measurements.join(' '),
        got: report.measurement,
        pass: measurements.includes(report.measurement),
      },
    ],
  };
}

function signatureRule(report: SimulatedReport): Pick<RuleResult, 'got' | 'pass'> {
  try {
    verifyReference({
      kind: 'signature',
      algorithm: 'Ed25519',
      publicKey: ed25519KeyBytes(report.chip),
      message: simulatedReportMessage(report),
      signature: fromBase64url(report.signature),
      what: 'simulated report',
    });
    return { got: 'valid', pass: true };
  } catch (error) {
    if (error instanceof TwinlockError) return { got: error.code, pass: false };
    throw error;
  }
}
