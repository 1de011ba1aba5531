import { bytes } from '../kit/claim-form.ts';
import type { Platform } from '../kit/platform.ts';
import { appraiseSimulated } from './appraise.ts';
import { type SimulatedReferenceValues, simulatedReferenceValues } from './reference-values.ts';
import { SIMULATED_IMAGE, type SimulatedReport, simulatedReport } from './report.ts';

export const simulatedPlatform = {
  about:
    'Hosts that only say what they run. A production vault refuses them. Default of a simulation vault: the image of twinlock itself.',
  report: simulatedReport,
  values: simulatedReferenceValues,
  endorsements: null,
  needs: null,
  claims: { 'simulated.chip': bytes(32), 'simulated.measurement': bytes(32) },
  boundBytes: 64,
  simulation: { platform: 'simulated', measurements: [SIMULATED_IMAGE] },
  pinnedRoots: () => [],
  caution: () => null,
  appraise: appraiseSimulated,
} as const satisfies Platform<SimulatedReport, SimulatedReferenceValues>;
