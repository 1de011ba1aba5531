import { fromBase64url, toHex } from '../../bytes.ts';
import { ed25519KeyBytes } from '../../signature/key-text.ts';
import { Findings } from '../kit/findings.ts';
import type { PlatformInput, PlatformResult } from '../kit/platform.ts';
import type { SimulatedReferenceValues } from './reference-values.ts';
import { type SimulatedReport, simulatedReportMessage } from './report.ts';

/** Every rule of a simulated report. */
export const SIMULATED_RULES = ['simulated.signature', 'simulated.report-data', 'simulated.measurement'] as const;
type Rule = (typeof SIMULATED_RULES)[number];

/** Appraises a report of no hardware at all: `expectedData` is 64 bytes. */
export async function appraiseSimulated(
  input: PlatformInput<SimulatedReport, SimulatedReferenceValues>,
): Promise<PlatformResult> {
  const { report, expectedData, referenceValues } = input;
  const chip = ed25519KeyBytes(report.chip);
  const reportData = toHex(fromBase64url(report.reportData));
  const findings = new Findings<Rule>(input.verify);
  findings.claim('simulated.chip', toHex(chip));
  findings.claim('simulated.measurement', report.measurement);
  findings.claim('simulated.report-data', reportData);
  await findings.signature('simulated.signature', () => ({
    kind: 'signature',
    algorithm: 'Ed25519',
    publicKey: chip,
    message: simulatedReportMessage(report),
    signature: fromBase64url(report.signature),
    what: 'simulated report',
  }));
  if (expectedData !== null) findings.same('simulated.report-data', toHex(expectedData), reportData);
  if (referenceValues !== null) {
    findings.among('simulated.measurement', referenceValues.measurements, report.measurement);
  }
  return findings.result(`simulated-${toHex(chip).slice(0, 16)}`, ['simulated.signature']);
}
