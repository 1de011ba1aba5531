import type { Platform } from '../kit/platform.ts';
import { appraiseNitro } from './appraise.ts';
import { NITRO_CLAIMS } from './claims.ts';
import { type NitroReferenceValues, nitroReferenceValues } from './reference-values.ts';
import { type NitroReport, nitroReport } from './report.ts';
import { isNitroVendorRoot } from './roots.ts';

export const nitroPlatform = {
  about: "AWS instances with NitroTPM: images, and AWS's root.",
  report: nitroReport,
  values: nitroReferenceValues,
  endorsements: null,
  needs: null,
  claims: NITRO_CLAIMS,
  boundBytes: 64,
  simulation: null,
  pinnedRoots: ({ roots }) => [{ field: 'roots', roots, isVendors: isNitroVendorRoot }],
  caution: () =>
    'a NitroTPM is enough for a host of this production vault (nitro): AWS says what booted, and nothing protects the memory from AWS',
  appraise: appraiseNitro,
} as const satisfies Platform<NitroReport, NitroReferenceValues>;
