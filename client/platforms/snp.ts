import type { ClientPlatformOf } from './platform.ts';
import { describeSnp, snpWeaknesses } from './snp/describe.ts';
import { SNP_FILES, snpEndorsed, snpReportIn } from './snp/files.ts';
import { withSnp } from './snp/propose.ts';
import { SNP_SOURCE } from './snp/source.ts';

const NAME = 'AMD SEV-SNP';

export const SNP: ClientPlatformOf<'snp'> = {
  name: NAME,
  claimsOf: 'snp',
  hosts: 'SEV-SNP',
  describe: describeSnp,
  weaknesses: snpWeaknesses,
  propose: withSnp,
  machineText: ({ 'snp.product': product }) => (product === undefined ? NAME : `${NAME} (${product})`),
  firmware: () => null,
  cautions: () => [],
  files: SNP_FILES,
  reportIn: snpReportIn,
  endorsedIn: snpEndorsed,
  sources: [SNP_SOURCE],
  pretendedImage: () => null,
};
