import { askName, askOfFile } from '../../../src/core/attest/snp/ask.ts';
import type { SnpEndorsed, SnpEndorsements } from '../../../src/core/attest/snp/endorsements.ts';
import type { SnpReport } from '../../../src/core/attest/snp/report.ts';
import { parseVek } from '../../../src/core/attest/snp/vek.ts';
import { fromBase64url, toBase64url } from '../../../src/core/bytes.ts';
import { must, TwinlockError } from '../../../src/core/errors.ts';
import { orNull } from '../../../src/core/refusal.ts';
import { oneDerOfFile } from '../../../src/core/x509/der-text.ts';
import {
  certificatesOf,
  endorsingFile,
  evidenceFile,
  type FilesGiven,
  ofFlag,
  type VendorFiles,
} from '../kit/vendor-files.ts';

const SNP_REPORT_BYTES = 1184;

/** And `ca`: ASK or ASVK, alone or in a chain in any order. The ARK is not looked at, for roots are pinned. */
export const SNP_FILES: VendorFiles = {
  snpReport: evidenceFile('--snp-report <file>', 'SEV-SNP: ATTESTATION_REPORT, 1,184 bytes'),
  vek: endorsingFile('--vek <file>', 'SEV-SNP: VCEK or VLEK certificate'),
  crl: endorsingFile('--crl <file>', 'SEV-SNP: what the ARK revoked'),
};

/** The report of the file, where there is one. */
export function snpReportIn(file: FilesGiven): (() => SnpReport) | null {
  const bytes = file('snpReport');
  return bytes === null ? null : () => ({ platform: 'snp', report: snpReportOf(bytes) });
}

function snpReportOf(bytes: Uint8Array): string {
  return ofFlag('snpReport', () => {
    const { length } = bytes;
    must(length === SNP_REPORT_BYTES, 'malformed', `expected ${SNP_REPORT_BYTES} bytes, got ${length}`);
    return toBase64url(bytes);
  });
}

/** What AMD says, from the files, and from `before` what they lack. Throws `usage` for a VEK without its issuer. */
export function snpEndorsed(file: FilesGiven, before: SnpEndorsed): SnpEndorsed {
  const snp = snpEndorsementsOf({ vek: file('vek'), ca: file('ca'), crl: file('crl') }, before.snp ?? null);
  return snp === null ? {} : { snp };
}

type Endorsing = Readonly<Record<'vek' | 'ca' | 'crl', Uint8Array | null>>;

function snpEndorsementsOf({ vek, ca, crl }: Endorsing, before: SnpEndorsements | null): SnpEndorsements | null {
  if ([vek, ca, crl, before].every((one) => one === null)) return null;
  must(before !== null || (vek !== null && ca !== null), 'usage', '--vek and --ca go together');
  const vekText = vek === null ? (before?.vek ?? null) : ofFlag('vek', () => certificateOf(vek));
  return {
    vek: vekText,
    ask: ca === null ? (before?.ask ?? null) : ofFlag('ca', () => toBase64url(askOfFile(ca, askNameFor(vekText)).der)),
    crl: crl === null ? (before?.crl ?? null) : ofFlag('crl', () => toBase64url(oneDerOfFile(crl, 'X509 CRL'))),
  };
}

/** The name of the authority that a VEK needs; null where there is no VEK to say. */
function askNameFor(vek: string | null): string | null {
  const parsed = vek === null ? null : orNull(TwinlockError, () => parseVek(fromBase64url(vek)));
  return parsed === null ? null : askName(parsed);
}

function certificateOf(bytes: Uint8Array): string {
  const [first] = certificatesOf(bytes);
  must(first !== undefined, 'malformed', 'expected a certificate in DER or PEM');
  return first;
}
