import { type Hex, toHex } from '../../bytes.ts';
import { TwinlockError } from '../../errors.ts';
import { parseSnpReport } from './parse.ts';
import { signingKeyText } from './register.ts';
import { decodeTcb, hasFmc, productOf, type SnpProduct, type Tcb } from './tcb.ts';
import type { SnpSigner } from './vek.ts';

/** What a report's endorsements must be of: what the vendor's service (AMD 57230) is asked for. */
export interface SnpNeeds {
  readonly signer: SnpSigner;
  /** Null in a report of version 2, which does not say: Milan or Genoa, whose TCB versions are of one layout. */
  readonly product: SnpProduct | null;
  /** As a VCEK's HWID: 64 bytes, 8 for Turin and Venice; zeros where the host hides it. */
  readonly chipId: Hex;
  readonly reportedTcb: Tcb;
}

/**
 * What to fetch for an attacker-controlled report, before anything of it is appraised. Throws `malformed`,
 * `unsupported_version`, and `endorsement_missing` for a report that no VEK signed or of another processor.
 */
export function snpNeeds(bytes: Uint8Array): SnpNeeds {
  const report = parseSnpReport(bytes);
  const signer = signingKeyText(report.signingKey);
  if (signer !== 'vcek' && signer !== 'vlek') {
    throw new TwinlockError('endorsement_missing', `expected a report signed by a VCEK or VLEK, got ${signer}`);
  }
  const product = report.cpuid === null ? null : productOf(report.cpuid);
  if (report.cpuid !== null && product === null) {
    const { family, model } = report.cpuid;
    throw new TwinlockError('endorsement_missing', `no product has CPUID family ${family}, model ${model}`);
  }
  const chipId = toHex(product !== null && hasFmc(product) ? report.chipId.subarray(0, 8) : report.chipId);
  return { signer, product, chipId, reportedTcb: decodeTcb(report.reportedTcb, product ?? 'Milan') };
}
