import type { DevicePlatform } from '../kit/platform.ts';
import { appraiseNvidia } from './appraise.ts';
import { NVIDIA_CLAIMS } from './claims.ts';
import { type SpdmEvidence, spdmEvidence } from './evidence.ts';
import { type NvidiaReferenceValues, nvidiaReferenceValues } from './reference-values.ts';
import { isNvidiaVendorRoot } from './roots.ts';

export const nvidiaDevices = {
  report: spdmEvidence,
  values: nvidiaReferenceValues,
  endorsements: null,
  needs: null,
  claims: NVIDIA_CLAIMS,
  pinnedRoots: ({ roots }) => [{ field: 'roots', roots, isVendors: isNvidiaVendorRoot }],
  appraise: appraiseNvidia,
} as const satisfies DevicePlatform<SpdmEvidence, NvidiaReferenceValues>;
