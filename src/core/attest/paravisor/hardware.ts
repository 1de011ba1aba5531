import * as z from 'zod/mini';
import type { Platform, PlatformInput, PlatformResult } from '../kit/platform.ts';
import { reportsOf } from '../kit/table.ts';
import type { Find } from '../kit/wanted.ts';
import type { SnpEndorsed } from '../snp/endorsements.ts';
import { snpPlatform } from '../snp/platform.ts';
import type { TdxEndorsed } from '../tdx/endorsements.ts';
import { tdxPlatform } from '../tdx/platform.ts';

/**
 * The platforms that a paravisor with a TPM of its own runs on. `levelClaim` is the claim of the privilege level that a
 * report is of, where the platform has levels.
 */
export const HARDWARE = {
  snp: { ...snpPlatform, levelClaim: 'snp.vmpl' },
  tdx: { ...tdxPlatform, levelClaim: null },
} as const;
export type HardwareId = keyof typeof HARDWARE;
type HardwareReports = { readonly [Id in HardwareId]: z.infer<(typeof HARDWARE)[Id]['report']> };
type HardwareValues = { readonly [Id in HardwareId]: z.infer<(typeof HARDWARE)[Id]['values']> };
/** What vendors say of the hardware, among all endorsements. */
export interface HardwareEndorsed extends SnpEndorsed, TdxEndorsed {}

/** The report of the hardware under a paravisor. */
export const hardwareReport = z.discriminatedUnion('platform', reportsOf(HARDWARE));

const ROWS: {
  readonly [Id in HardwareId]: Platform<HardwareReports[Id], HardwareValues[Id], HardwareEndorsed>;
} = HARDWARE;

/** What vendors say of the hardware. As the needs of the hardware's own platform. */
export async function endorseHardware<Id extends HardwareId>(
  id: Id,
  report: HardwareReports[Id],
  offered: HardwareEndorsed,
  find: Find,
): Promise<HardwareEndorsed> {
  return (await ROWS[id].needs?.endorse(report, offered, find)) ?? {};
}

/** As the hardware's own platform. */
export function appraiseHardware<Id extends HardwareId>(
  id: Id,
  input: PlatformInput<HardwareReports[Id], HardwareValues[Id], HardwareEndorsed>,
): Promise<PlatformResult> {
  return ROWS[id].appraise(input);
}
