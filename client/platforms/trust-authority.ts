import { ABSENT } from '../../src/core/attest/token/jws.ts';
import { unlessUpToDate } from './kit/td.ts';
import type { ClientPlatformOf } from './platform.ts';
import { describeTrustAuthority, trustAuthorityWeaknesses } from './trust-authority/describe.ts';
import { TOKEN_FILES, tokenEndorsed, tokenReportIn } from './trust-authority/files.ts';
import { withTrustAuthority } from './trust-authority/propose.ts';
import { TOKEN_SOURCE } from './trust-authority/source.ts';

const NAME = 'Intel Trust Authority';

export const TRUST_AUTHORITY: ClientPlatformOf<'intel-trust-authority'> = {
  name: NAME,
  claimsOf: 'ita',
  hosts: 'tokens of Intel Trust Authority',
  describe: describeTrustAuthority,
  weaknesses: trustAuthorityWeaknesses,
  propose: withTrustAuthority,
  machineText: () => NAME,
  firmware: ({ 'ita.tcb-status': status }) => (status === undefined ? null : { status, advisories: 'none' }),
  cautions: ({ 'ita.tcb-status': status, 'ita.attester-type': attester }) => [
    ...(status === ABSENT ? [] : unlessUpToDate(status)),
    ...(attester === undefined || attester === 'TDX' ? [] : [`the attester's type is ${attester}, not TDX`]),
  ],
  files: TOKEN_FILES,
  reportIn: tokenReportIn,
  endorsedIn: (file, _before, isOwn) => (isOwn ? tokenEndorsed(file) : {}),
  sources: [TOKEN_SOURCE],
  pretendedImage: () => null,
};
