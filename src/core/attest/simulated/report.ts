import * as z from 'zod/mini';
import { fromBase64url, fromHex, type Hex, utf8 } from '../../bytes.ts';
import { digestOf } from '../../canonical.ts';
import { frame } from '../../frame.ts';
import { binary, digest, ed25519Key, ed25519Signature } from '../../schema.ts';
import { ed25519KeyBytes } from '../../signature/key-text.ts';

/** The measurement of a simulated host by default. */
export const SIMULATED_IMAGE: Hex = digestOf(utf8('twinlock simulated image'));

/** A report of no hardware at all: a software key signs the measurement that it is given. */
export const simulatedReport = z.strictObject({
  platform: z.literal('simulated'),
  /** Stands for the chip: its key names it. */
  chip: ed25519Key,
  measurement: digest,
  reportData: binary(64, 64),
  signature: ed25519Signature,
});
export type SimulatedReport = z.infer<typeof simulatedReport>;

/** The bytes that the simulated chip signs: frame("twinlock/v1/simulated-report", chip, measurement, report data). */
export function simulatedReportMessage(
  report: Pick<SimulatedReport, 'chip' | 'measurement' | 'reportData'>,
): Uint8Array {
  return frame(
    'twinlock/v1/simulated-report',
    ed25519KeyBytes(report.chip),
    fromHex(report.measurement),
    fromBase64url(report.reportData),
  );
}
