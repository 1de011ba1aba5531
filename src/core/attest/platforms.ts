import type * as z from 'zod/mini';
import { nitroPlatform } from './nitro/platform.ts';
import { nvidiaDevices } from './nvidia/platform.ts';
import { simulatedPlatform } from './simulated/platform.ts';
import { snpPlatform } from './snp/platform.ts';
import { tdxPlatform } from './tdx/platform.ts';
import { nrasDevices, trustAuthorityPlatform } from './token/platform.ts';
import { tpmPlatform } from './tpm/platform.ts';

/**
 * Every platform, under the name that stands in `report.platform`, in the reference values and in the endorsements.
 * Schemas, types, claims that may be revoked, vendors' roots and the appraisal are derived from this table. To add one:
 * a folder with its row, and a line here. The order is that of checks and messages.
 */
export const PLATFORMS = {
  simulated: simulatedPlatform,
  snp: snpPlatform,
  tdx: tdxPlatform,
  tpm: tpmPlatform,
  nitro: nitroPlatform,
  'intel-trust-authority': trustAuthorityPlatform,
};

/** Every kind of evidence about GPUs and NVSwitches, under the name that stands in `gpu.kind`. */
export const DEVICES = {
  spdm: nvidiaDevices,
  nras: nrasDevices,
};

export type PlatformId = keyof typeof PLATFORMS;
/** By platform, what its report and its reference values are. */
export type PlatformReports = { readonly [Id in PlatformId]: z.infer<(typeof PLATFORMS)[Id]['report']> };
export type PlatformValues = { readonly [Id in PlatformId]: z.infer<(typeof PLATFORMS)[Id]['values']> };
export type DevicesKind = keyof typeof DEVICES;
/** By kind of device evidence, what it is and what its reference values are. */
export type DeviceReports = { readonly [Kind in DevicesKind]: z.infer<(typeof DEVICES)[Kind]['report']> };
export type DeviceValues = { readonly [Kind in DevicesKind]: z.infer<(typeof DEVICES)[Kind]['values']> };

export const PLATFORM_IDS = Object.keys(PLATFORMS) as readonly PlatformId[];
