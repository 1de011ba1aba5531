import type { Verify } from '../signature/claim.ts';
import type { Endorsements } from './endorsements.ts';
import type { DevicePlatform, Platform, PlatformResult } from './kit/platform.ts';
import {
  DEVICES,
  type DeviceReports,
  type DevicesKind,
  type DeviceValues,
  PLATFORMS,
  type PlatformId,
  type PlatformReports,
  type PlatformValues,
} from './platforms.ts';
import type { ReferenceValues } from './reference-values.ts';

export interface Measure {
  readonly endorsements: Endorsements;
  /** Null to check authenticity alone. */
  readonly referenceValues: ReferenceValues | null;
  readonly instantMs: number;
  readonly verify: Verify;
}

/** The tables, with each row's report, values and endorsements of one platform. */
const PLATFORM_ROWS: {
  readonly [Id in PlatformId]: Pick<Platform<PlatformReports[Id], PlatformValues[Id], Endorsements>, 'appraise'>;
} = PLATFORMS;
const DEVICES_ROWS: {
  readonly [Kind in DevicesKind]: Pick<
    DevicePlatform<DeviceReports[Kind], DeviceValues[Kind], Endorsements>,
    'appraise'
  >;
} = DEVICES;

/** Appraises a report by the rules of its platform. */
export function appraiseReport<Id extends PlatformId>(
  platform: Id,
  report: PlatformReports[Id],
  expectedData: Uint8Array | null,
  measure: Measure,
): Promise<PlatformResult> {
  const values: { readonly [Id in PlatformId]?: PlatformValues[Id] | undefined } = measure.referenceValues ?? {};
  const referenceValues = values[platform] ?? null;
  return PLATFORM_ROWS[platform].appraise({ ...measure, report, expectedData, referenceValues });
}

/** Appraises device evidence by the rules of its kind. */
export function appraiseDevices<Kind extends DevicesKind>(
  kind: Kind,
  report: DeviceReports[Kind],
  expectedData: Uint8Array | null,
  measure: Measure,
): Promise<PlatformResult> {
  const given = measure.referenceValues;
  const values: { readonly [Kind in DevicesKind]?: DeviceValues[Kind] | undefined } = given?.gpu ?? {};
  const referenceValues = values[kind] ?? null;
  const allowedSwitches = given === null ? null : (given.gpu?.switches ?? [0]);
  return DEVICES_ROWS[kind].appraise({ ...measure, report, expectedData, referenceValues, allowedSwitches });
}
