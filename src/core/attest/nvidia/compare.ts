import type { Findings } from '../kit/findings.ts';
import type { ParsedDevice } from './device.ts';
import { compareClaims, compareMeasurements } from './golden.ts';
import type { DriverRecord, NvidiaReferenceValues, VbiosRecord } from './reference-values.ts';

export const VALUE_RULES = [
  'driver',
  'vbios',
  'measurements',
  'golden-conflict',
  'ppcie',
  'feature-flag',
  'device',
] as const;
export type ValueRule = (typeof VALUE_RULES)[number];

/** The rules that reference values make for a device; an NVSwitch has no driver, and neither mode of a GPU. */
export function valueRules({ architecture }: ParsedDevice, values: NvidiaReferenceValues): readonly ValueRule[] {
  const rules: ValueRule[] = ['vbios', 'measurements'];
  if (architecture !== 'nvswitch') {
    rules.push('driver', 'golden-conflict');
    if (values.ppcie !== null) rules.push('ppcie');
    if (values.featureFlags !== null) rules.push('feature-flag');
  }
  if (values.devices !== null) rules.push('device');
  return rules;
}

/** Compares what a device says with reference values. `at` is the beginning of its rules' names. */
export function compareDevice<At extends string>(
  findings: Findings<`${At}.${ValueRule}`>,
  at: At,
  device: ParsedDevice,
  values: NvidiaReferenceValues,
): void {
  const { opaque } = device.report;
  const isGpu = device.architecture !== 'nvswitch';
  const driver = isGpu ? compareDriver(findings, at, device, values.drivers) : null;
  const vbios = compareVbios(findings, at, device, values.vbioses);
  // Without the records there is nothing to compare the measurements with: the rules stay unreached, and fail.
  if (driver !== undefined && vbios !== undefined) {
    const lists = driver === null ? [vbios.golden] : [driver.golden, vbios.golden];
    findings.compared(`${at}.measurements`, compareMeasurements(device, lists));
    if (driver !== null) {
      findings.compared(`${at}.golden-conflict`, compareClaims(driver.golden, vbios.golden));
    }
  }
  if (isGpu && values.ppcie !== null) findings.among(`${at}.ppcie`, values.ppcie, opaque.ppcie ?? 'absent');
  if (isGpu && values.featureFlags !== null) {
    findings.among(`${at}.feature-flag`, values.featureFlags, opaque.featureFlag ?? 'absent');
  }
  if (values.devices !== null) findings.among(`${at}.device`, values.devices, device.chain[1].serial);
}

function compareDriver<At extends string>(
  findings: Findings<`${At}.${ValueRule}`>,
  at: At,
  { chip, report }: ParsedDevice,
  drivers: readonly DriverRecord[],
): DriverRecord | undefined {
  const ofChip = drivers.filter((record) => record.chip === chip);
  const versions = ofChip.map(({ version }) => version);
  findings.among(`${at}.driver`, versions, report.opaque.driver ?? 'absent');
  return ofChip.find(({ version }) => version === report.opaque.driver);
}

function compareVbios<At extends string>(
  findings: Findings<`${At}.${ValueRule}`>,
  at: At,
  { chip, report }: ParsedDevice,
  vbioses: readonly VbiosRecord[],
): VbiosRecord | undefined {
  const { vbios: version, project, projectSku, chipSku } = report.opaque;
  const ofChip = vbioses.filter((record) => record.chip === chip);
  const found = ofChip.find(
    (record) =>
      record.version === version &&
      (record.project ?? project) === project &&
      (record.projectSku ?? projectSku) === projectSku &&
      (record.chipSku ?? chipSku) === chipSku,
  );
  const expected =
    ofChip.length === 0 ? 'none is allowed' : ofChip.map((record) => vbiosText(record, 'any')).join(', ');
  const got = vbiosText({ version: version ?? 'absent', project, projectSku, chipSku }, 'absent');
  findings.rule(`${at}.vbios`, expected, got, found !== undefined);
  return found;
}

type VbiosNames = Pick<VbiosRecord, 'version' | 'project' | 'projectSku' | 'chipSku'>;

/** As the vendor names a RIM: version, project, its SKU, the chip's SKU. */
function vbiosText({ version, project, projectSku, chipSku }: VbiosNames, none: string): string {
  return [version, project ?? none, projectSku ?? none, chipSku ?? none].join(' ');
}
