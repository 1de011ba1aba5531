import type { Platform } from '../kit/platform.ts';
import { appraiseSnp } from './appraise.ts';
import { SNP_CLAIMS } from './claims.ts';
import { SNP_NEEDS } from './endorse.ts';
import { type SnpEndorsed, snpEndorsements } from './endorsements.ts';
import { type SnpReferenceValues, snpReferenceValues } from './reference-values.ts';
import { type SnpReport, snpReport } from './report.ts';
import { isSnpVendorRoot } from './roots.ts';

export const snpPlatform = {
  about: 'AMD SEV-SNP: images, products, floors of the firmware.',
  report: snpReport,
  values: snpReferenceValues,
  endorsements: snpEndorsements,
  needs: SNP_NEEDS,
  claims: SNP_CLAIMS,
  boundBytes: 64,
  simulation: null,
  pinnedRoots: ({ products }) => [
    { field: 'products', roots: products.map(({ root }) => root), isVendors: isSnpVendorRoot },
  ],
  caution: () => null,
  appraise: appraiseSnp,
} as const satisfies Platform<SnpReport, SnpReferenceValues, SnpEndorsed>;
