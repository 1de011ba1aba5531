import type { Platform } from '../kit/platform.ts';
import { appraiseTdx } from './appraise.ts';
import { TDX_CLAIMS } from './claims.ts';
import { TDX_NEEDS } from './endorse.ts';
import { type TdxEndorsed, tdxEndorsements } from './endorsements.ts';
import { type TdxReferenceValues, tdxReferenceValues } from './reference-values.ts';
import { type TdxReport, tdxReport } from './report.ts';
import { isTdxVendorRoot } from './roots.ts';

export const tdxPlatform = {
  about: 'Intel TDX: images, and which states of the platform.',
  report: tdxReport,
  values: tdxReferenceValues,
  endorsements: tdxEndorsements,
  needs: TDX_NEEDS,
  claims: TDX_CLAIMS,
  boundBytes: 64,
  simulation: null,
  pinnedRoots: ({ roots }) => [{ field: 'roots', roots, isVendors: isTdxVendorRoot }],
  caution: () => null,
  appraise: appraiseTdx,
} as const satisfies Platform<TdxReport, TdxReferenceValues, TdxEndorsed>;
