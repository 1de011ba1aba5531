import { tdxEndorsementsOfPcs } from '../../../src/core/attest/tdx/collateral-json.ts';
import type { TdxEndorsed } from '../../../src/core/attest/tdx/endorsements.ts';
import type { TdxReport } from '../../../src/core/attest/tdx/report.ts';
import { toBase64url } from '../../../src/core/bytes.ts';
import { textOf } from '../kit/text-file.ts';
import { endorsingFile, evidenceFile, type FilesGiven, ofFlag, type VendorFiles } from '../kit/vendor-files.ts';

export const TDX_FILES: VendorFiles = {
  tdxQuote: evidenceFile('--tdx-quote <file>', 'TDX: quote, version 4 or 5'),
  collateral: endorsingFile('--collateral <file>', 'TDX: TCB collateral as JSON'),
};

/** The quote of the file, where there is one. That of a paravisor's TD goes with its TPM's. */
export function tdxReportIn(file: FilesGiven): (() => TdxReport) | null {
  const quote = file('hcl') === null ? file('tdxQuote') : null;
  return quote === null ? null : () => ({ platform: 'tdx', quote: toBase64url(quote) });
}

/** Intel's endorsements from the file; none if no file was given. */
export function tdxEndorsed(file: FilesGiven): TdxEndorsed {
  const collateral = file('collateral');
  return collateral === null ? {} : { tdx: ofFlag('collateral', () => tdxEndorsementsOfPcs(textOf(collateral))) };
}
