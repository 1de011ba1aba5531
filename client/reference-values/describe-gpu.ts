import { compareClaims } from '../../src/core/attest/nvidia/golden.ts';
import type { NvidiaReferenceValues } from '../../src/core/attest/nvidia/reference-values.ts';
import type { ReferenceValues } from '../../src/core/attest/reference-values.ts';
import type { NrasReferenceValues } from '../../src/core/attest/token/reference-values.ts';
import {
  accepts,
  anyOr,
  beware,
  countedList,
  emptyOf,
  numbersOf,
  type Remark,
  refuses,
  tokenGraceRemark,
  trustText,
} from '../platforms/kit/remark.ts';

/** Sentences about GPUs and NVSwitches, which never pass without a CPU's report. */
export function describeGpu(gpu: ReferenceValues['gpu']): Remark[] {
  if (gpu === null) return [accepts('GPUs: hosts that show none'), refuses('GPUs: hosts that show some')];
  const { gpus, switches, spdm, nras } = gpu;
  const empty = emptyOf({ gpus, switches });
  const counts =
    empty.length > 0
      ? [refuses(`GPUs: every host, for no count is allowed of: ${empty.join(', ')}`)]
      : [accepts(`GPUs: hosts with ${numbersOf(gpus, 'GPU')} and ${numbersOf(switches, 'NVSwitch', 'NVSwitches')}`)];
  return [
    ...counts,
    ...(spdm === undefined ? [refuses("GPUs: devices' own evidence")] : describeDevices(spdm)),
    ...(nras === undefined ? [refuses('GPUs: tokens of NVIDIA NRAS')] : describeNras(nras)),
  ];
}

function describeDevices(values: NvidiaReferenceValues): Remark[] {
  const { roots, architectures, drivers, vbioses, devices } = values;
  const empty = emptyOf({ roots, architectures, vbioses, ...(devices === null ? {} : { devices }) });
  if (empty.length > 0) return [refuses(`GPUs: every device, for these lists are empty: ${empty.join(', ')}`)];
  const records = [...drivers, ...vbioses].map((record) => ({ ...record, text: `${record.chip} ${record.version}` }));
  const bare = records.filter(({ golden }) => golden === null).map(({ text }) => text);
  const dead = records.filter(({ golden }) => golden?.length === 0).map(({ text }) => text);
  return [
    accepts(
      `GPUs: ${architectures.join(', ')}; ${countedList('driver', drivers.map(nameOf))}; ` +
        `${countedList('VBIOS version', vbioses.map(nameOf))}; ${anyOr('device', devices)}`,
    ),
    ...(drivers.length === 0 ? [refuses('GPUs: all but NVSwitches, for there is no driver')] : []),
    ...dead.map((text) => refuses(`GPUs: ${text}, whose list of golden values is empty`)),
    ...bareRemarks(bare, values),
    ...conflicts(values),
    ...(values.ppcie === null ? [beware('GPUs: protected PCIe may be on or off')] : []),
  ];
}

function nameOf({ chip, version }: { readonly chip: string; readonly version: string }): string {
  return `${chip} ${version}`;
}

/** Without golden values of the driver or the VBIOS, a device is what its own firmware says. */
function bareRemarks(bare: readonly string[], { drivers, vbioses }: NvidiaReferenceValues): Remark[] {
  const unmeasured = vbioses.filter(
    (vbios) =>
      vbios.golden === null &&
      !drivers.some((driver) => driver.chip === vbios.chip && driver.golden !== null && driver.golden.length > 0),
  );
  return [
    ...unmeasured.map((one) =>
      beware(`GPUs: ${nameOf(one)} may pass with nothing measured compared, by versions alone`),
    ),
    ...(bare.length > 0 && unmeasured.length === 0
      ? [beware(`GPUs: compared by version alone, the other of driver and VBIOS by golden values: ${bare.join(', ')}`)]
      : []),
  ];
}

/** A driver and a VBIOS that claim a measurement differently refuse every device that has both. */
function conflicts({ drivers, vbioses }: NvidiaReferenceValues): Remark[] {
  return drivers.flatMap((driver) =>
    vbioses
      .filter(({ chip }) => chip === driver.chip)
      .flatMap((vbios) => {
        const { pass, got } = compareClaims(driver.golden, vbios.golden);
        const both = `driver ${driver.version} and VBIOS ${vbios.version}`;
        return pass ? [] : [refuses(`GPUs: ${driver.chip} with ${both}, which differ at golden values ${got}`)];
      }),
  );
}

function describeNras({
  anchors,
  keys,
  claimsVersions,
  hwModels,
  drivers,
  vbioses,
  issuer,
  graceMs,
}: NrasReferenceValues): Remark[] {
  const trust = [...anchors, ...keys];
  const empty = emptyOf({ 'anchors and keys': trust, claimsVersions, hwModels, drivers, vbioses });
  if (empty.length > 0) return [refuses(`tokens of NVIDIA NRAS: all, for these lists are empty: ${empty.join(', ')}`)];
  return [
    accepts(
      `tokens of NVIDIA NRAS: of "${issuer}", under ${trustText(anchors, keys)}; ` +
        `models ${hwModels.join(', ')}; drivers ${drivers.join(', ')}; VBIOS ${vbioses.join(', ')}`,
    ),
    tokenGraceRemark('tokens of NVIDIA NRAS', graceMs),
  ];
}
