import type { ServiceEndorsed } from '../../../src/core/attest/token/endorsements.ts';
import type { TrustAuthorityReport } from '../../../src/core/attest/token/report.ts';
import { textOf } from '../kit/text-file.ts';
import { endorsingFile, evidenceFile, type FilesGiven, ofFlag, type VendorFiles } from '../kit/vendor-files.ts';

export const TOKEN_FILES: VendorFiles = {
  jwt: evidenceFile('--jwt <file>', 'token of Intel Trust Authority, or NRAS’s JSON'),
  jwks: endorsingFile('--jwks <file>', 'the service’s key set'),
};

/** The token of the file, where there is one. A token of its own is Intel's; NVIDIA's come as a JSON array. */
export function tokenReportIn(file: FilesGiven): (() => TrustAuthorityReport) | null {
  const jwt = file('jwt');
  if (jwt === null || isNras(jwt)) return null;
  return () => ({ platform: 'intel-trust-authority', token: ofFlag('jwt', () => textOf(jwt).trim()) });
}

export function isNras(jwt: Uint8Array): boolean {
  return ofFlag('jwt', () => textOf(jwt).trimStart().startsWith('['));
}

/** The service's key set, from the file; nothing where it was not given. */
export function tokenEndorsed(file: FilesGiven): ServiceEndorsed {
  const jwks = file('jwks');
  return jwks === null ? {} : { 'intel-trust-authority': ofFlag('jwks', () => textOf(jwks)) };
}
