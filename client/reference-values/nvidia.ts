import { DRIVER_VERSION } from '../../src/core/attest/kit/gpu.ts';
import { ARCHITECTURES, type ParsedDevice, parseDevice } from '../../src/core/attest/nvidia/device.ts';
import type { SpdmEvidence } from '../../src/core/attest/nvidia/evidence.ts';
import type {
  DriverRecord,
  GoldenValue,
  NvidiaReferenceValues,
  VbiosRecord,
} from '../../src/core/attest/nvidia/reference-values.ts';
import { NVIDIA_VENDOR_ROOTS } from '../../src/core/attest/nvidia/roots.ts';
import { toBase64url, toHex } from '../../src/core/bytes.ts';
import { type Choices, union, withChips } from '../platforms/kit/host.ts';

/** A document of no devices, under the vendor's root. */
export const NO_DEVICES: NvidiaReferenceValues = {
  platform: 'nvidia',
  roots: NVIDIA_VENDOR_ROOTS.map(toBase64url),
  architectures: [],
  fwidOptional: [],
  drivers: [],
  vbioses: [],
  ppcie: [],
  featureFlags: [],
  devices: null,
};

/**
 * The document with the GPUs and NVSwitches of a host; `before` null where it has none. What a device measured is
 * put down for its driver, or for the VBIOS of one that has no driver: which of the two is behind a value, only the
 * vendor's manifests say. Throws `malformed` or `usage`.
 */
export function withNvidia(
  before: NvidiaReferenceValues | null,
  evidence: SpdmEvidence,
  choices: Choices,
): NvidiaReferenceValues {
  const devices = evidence.devices.map(parseDevice);
  const listed = before ?? NO_DEVICES;
  const values = devices.reduce((one, device) => withDevice(one, { device, listed, choices }), listed);
  const serials = devices.map(({ chain }) => chain[1].serial);
  return { ...values, devices: withChips(before === null ? undefined : before.devices, serials, choices) };
}

interface Shown {
  readonly device: ParsedDevice;
  /** The document before this host: records that it has are not new. */
  readonly listed: NvidiaReferenceValues;
  readonly choices: Choices;
}

function withDevice(values: NvidiaReferenceValues, shown: Shown): NvidiaReferenceValues {
  const { opaque } = shown.device.report;
  const architectures = ARCHITECTURES.filter((one) => one === shown.device.architecture);
  const modes = (before: string[] | null, mode: string | null) =>
    before === null ? null : union(before, isSwitchDevice(shown.device) ? [] : [mode ?? 'absent']);
  const withDriver = { ...values, drivers: driversOf(values, shown) };
  return {
    ...withDriver,
    architectures: union(values.architectures, architectures),
    fwidOptional: union(values.fwidOptional, opaque.fwid === null ? architectures : []),
    vbioses: vbiosesOf(withDriver, shown),
    ppcie: modes(values.ppcie, opaque.ppcie),
    featureFlags: modes(values.featureFlags, opaque.featureFlag),
  };
}

function isSwitchDevice({ architecture }: ParsedDevice): boolean {
  return architecture === 'nvswitch';
}

/** A device that says no version that a record could have adds none: the rules then say why. */
function driversOf({ drivers, vbioses }: NvidiaReferenceValues, shown: Shown): DriverRecord[] {
  const { device, listed } = shown;
  const { driver: version } = device.report.opaque;
  if (isSwitchDevice(device) || version === null || !DRIVER_VERSION.test(version)) return drivers;
  if (device.architecture === 'unknown') return drivers;
  const known = drivers.find((record) => record.chip === device.chip && record.version === version);
  if (known !== undefined) return withWidened(drivers, known, listed.drivers, shown);
  const vbios = vbioses.find((record) => isVbiosOf(record, device));
  return [...drivers, { chip: device.chip, version, golden: goldenOf(shown, vbios) }];
}

function vbiosesOf({ drivers, vbioses }: NvidiaReferenceValues, shown: Shown): VbiosRecord[] {
  const { device, listed } = shown;
  const { vbios: version, driver: driverVersion, project, projectSku, chipSku } = device.report.opaque;
  if (version === null || device.architecture === 'unknown') return vbioses;
  const known = vbioses.find((record) => isVbiosOf(record, device));
  if (known !== undefined) return withWidened(vbioses, known, listed.vbioses, shown);
  const driver = drivers.find((record) => record.chip === device.chip && record.version === driverVersion);
  const golden = goldenOf(shown, isSwitchDevice(device) ? undefined : driver);
  return [...vbioses, { chip: device.chip, version, project, projectSku, chipSku, golden }];
}

function isVbiosOf(record: VbiosRecord, { chip, report }: ParsedDevice): boolean {
  const { vbios, project, projectSku, chipSku } = report.opaque;
  return (
    record.chip === chip &&
    record.version === vbios &&
    (record.project ?? project) === project &&
    (record.projectSku ?? projectSku) === projectSku &&
    (record.chipSku ?? chipSku) === chipSku
  );
}

/** For a new record: what was measured, but for what the other record of the device answers for already. */
function goldenOf({ device, choices }: Shown, other: DriverRecord | VbiosRecord | undefined): GoldenValue[] | null {
  if (choices.golden === 'none') return null;
  const answered = new Set(other?.golden?.map(({ index }) => index));
  const golden = [...device.report.measurements]
    .map(([block, value]) => ({ index: block - 1, values: [toHex(value)] }))
    .filter(({ index }) => !answered.has(index));
  return golden.length === 0 ? null : golden;
}

/** A record that the document had stays as it is, unless that is asked for; of this host's own, all devices count. */
function withWidened<T extends DriverRecord | VbiosRecord>(
  records: readonly T[],
  known: T,
  listed: readonly T[],
  { device, choices }: Shown,
): T[] {
  if (listed.includes(known) && choices.golden !== 'widen') return [...records];
  const golden = known.golden?.map(({ index, values }) => {
    const measured = device.report.measurements.get(index + 1);
    return { index, values: union(values, measured === undefined ? [] : [toHex(measured)]) };
  });
  return records.map((record) => (record === known ? { ...known, golden: golden ?? null } : record));
}
