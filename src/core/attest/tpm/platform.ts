import type { Platform } from '../kit/platform.ts';
import { pinnedRootsOf } from '../kit/table.ts';
import { endorseHardware, HARDWARE, type HardwareEndorsed } from '../paravisor/hardware.ts';
import { appraiseTpm } from './appraise.ts';
import { TPM_CLAIMS } from './claims.ts';
import { type TpmReferenceValues, tpmReferenceValues } from './reference-values.ts';
import { type TpmReport, tpmReport } from './report.ts';

export const tpmPlatform = {
  about: 'A TPM 2.0: images and roots, and whether a TPM alone is enough.',
  report: tpmReport,
  values: tpmReferenceValues,
  endorsements: null,
  needs: {
    files: {},
    vendors: [],
    missingMirror: () => null,
    endorse: async ({ identity }, offered, find) =>
      identity.kind === 'runtime' ? endorseHardware(identity.hardware.platform, identity.hardware, offered, find) : {},
  },
  claims: TPM_CLAIMS,
  boundBytes: 32,
  simulation: null,
  pinnedRoots: ({ paravisor }) =>
    pinnedRootsOf(HARDWARE, paravisor ?? {}).map((one) => ({ ...one, field: `paravisor.${one.field}` })),
  caution: ({ alone }) =>
    alone
      ? 'a TPM alone is enough for a host of this production vault (tpm.alone): it says what booted, and nothing about encrypted memory'
      : null,
  appraise: appraiseTpm,
} as const satisfies Platform<TpmReport, TpmReferenceValues, HardwareEndorsed>;
