import { sha256 } from '@noble/hashes/sha2.js';
import { concat, fromBase64url, toHex } from '../../bytes.ts';
import { claimBy } from '../../x509/certificate.ts';
import { Findings } from '../kit/findings.ts';
import { compareDrivers } from '../kit/gpu.ts';
import type { DeviceInput, PlatformResult } from '../kit/platform.ts';
import type { DeviceClaim } from './claims.ts';
import { compareDevice, VALUE_RULES, valueRules } from './compare.ts';
import { ARCHITECTURES, type ParsedDevice, parseDevice, verifyDeviceChain } from './device.ts';
import type { SpdmEvidence } from './evidence.ts';
import type { NvidiaReferenceValues } from './reference-values.ts';
import { NVIDIA_VENDOR_ROOTS } from './roots.ts';
import { compareTopology, linkedSwitches, type PlacedDevice } from './topology.ts';

/** GPUs and NVSwitches are numbered apart, each in the order of the evidence. */
type Place = `gpu-${number}` | `switch-${number}`;
const AUTHENTICITY_RULES = ['chain', 'signature', 'fwid', 'architecture'] as const;
/** Every rule of a device, after the device's place. */
export const DEVICE_RULES = [...AUTHENTICITY_RULES, 'nonce', ...VALUE_RULES] as const;
type DeviceRule = (typeof DEVICE_RULES)[number];
/** Every rule of the devices together. */
export const MACHINE_RULES = ['nvidia.distinct', 'nvidia.one-driver', 'nvidia.topology'] as const;
type NvidiaRule = (typeof MACHINE_RULES)[number] | `nvidia.${Place}.${DeviceRule}`;
type Input = DeviceInput<SpdmEvidence, NvidiaReferenceValues>;

/**
 * Appraises the evidence of a machine's GPUs and NVSwitches (design: attestation, "NVIDIA GPU"; the rules by
 * name: FORMAT.md). It says nothing about the machine that they are in: only what a CPU's report binds counts.
 * Throws `malformed`.
 */
export async function appraiseNvidia(input: Input): Promise<PlatformResult> {
  const devices = input.report.devices.map(parseDevice);
  const findings = new Findings<NvidiaRule>(input.verify);
  const required: NvidiaRule[] = [...MACHINE_RULES];
  const placed: PlacedDevice[] = [];
  const count = { gpu: 0, switch: 0 };
  for (const device of devices) {
    const kind = device.architecture === 'nvswitch' ? 'switch' : 'gpu';
    const place: Place = `${kind}-${count[kind]++}`;
    placed.push({ place, device });
    claimDevice(findings, place, device);
    await checkAuthenticity(findings, place, device, input);
    const rules: DeviceRule[] = [...AUTHENTICITY_RULES];
    if (input.expectedData !== null) {
      findings.same(`nvidia.${place}.nonce`, toHex(input.expectedData), toHex(device.report.requestNonce));
      rules.push('nonce');
    }
    if (input.referenceValues !== null) {
      compareDevice(findings, `nvidia.${place}`, device, input.referenceValues);
      rules.push(...valueRules(device, input.referenceValues));
    }
    required.push(...rules.map((rule): NvidiaRule => `nvidia.${place}.${rule}`));
  }
  findings.claim('gpu.count', String(count.gpu));
  findings.claim('gpu.switches', String(count.switch));
  findings.same('nvidia.distinct', `${devices.length} distinct devices`, `${distinct(devices)} distinct devices`);
  const drivers = devices.filter(({ architecture }) => architecture !== 'nvswitch').map(driverOf);
  findings.compared('nvidia.one-driver', compareDrivers(drivers));
  findings.compared('nvidia.topology', compareTopology(placed, input.allowedSwitches));
  const label = `gpu-${devices[0]?.chain[0].serial.slice(0, 16)}`;
  return findings.result(label, required);
}

function driverOf({ report }: ParsedDevice): string {
  return report.opaque.driver ?? 'absent';
}

/** One device with two firmwares has two leaves, and one identity. */
function distinct(devices: readonly ParsedDevice[]): number {
  const keys = (which: 0 | 1) => new Set(devices.map(({ chain }) => toHex(chain[which].key.publicKey))).size;
  return Math.min(keys(0), keys(1));
}

function claimDevice(findings: Findings<NvidiaRule>, place: Place, device: ParsedDevice): void {
  const { report, chain, chip, architecture } = device;
  const { opaque } = report;
  const claims: Record<DeviceClaim, string | null> = {
    chip,
    architecture,
    leaf: chain[0].serial,
    device: chain[1].serial,
    driver: opaque.driver,
    vbios: opaque.vbios,
    project: opaque.project,
    'project-sku': opaque.projectSku,
    'chip-sku': opaque.chipSku,
    nvdec0: opaque.nvdec0,
    ppcie: opaque.ppcie,
    'feature-flag': opaque.featureFlag,
    fwid: opaque.fwid,
    links: linkedSwitches(device).join(' ') || null,
    nonce: toHex(report.requestNonce),
    measurements: toHex(sha256(concat(...report.measurements.values()))),
    'trailing-bytes': String(report.trailingBytes),
  };
  for (const [name, value] of Object.entries(claims)) findings.claim(`nvidia.${place}.${name}`, value ?? 'absent');
}

/** The rules that every policy has; reference values only pin other roots and insist on the FWID. */
async function checkAuthenticity(
  findings: Findings<NvidiaRule>,
  place: Place,
  device: ParsedDevice,
  { referenceValues, instantMs, verify }: Input,
): Promise<void> {
  const { report, chain, architecture } = device;
  const roots = referenceValues?.roots.map(fromBase64url) ?? NVIDIA_VENDOR_ROOTS;
  await findings.attempt(
    `nvidia.${place}.chain`,
    'five certificates, from a leaf that signs to a pinned root',
    async () => {
      await verifyDeviceChain({ chain, roots, instantMs, verify });
      return { got: 'valid', value: null };
    },
  );
  await findings.signature(`nvidia.${place}.signature`, () => {
    const signed = { algorithm: 'ES384' as const, message: report.signed, signature: report.signature };
    return claimBy(chain[0].key, signed, `${place} report`);
  });
  const optional = referenceValues?.fwidOptional ?? ARCHITECTURES;
  const mayLack = optional.some((one) => one === architecture);
  const got = report.opaque.fwid;
  findings.rule(
    `nvidia.${place}.fwid`,
    `the leaf's ${device.fwid ?? 'FWID, which has none'}${mayLack ? ', or absent' : ''}`,
    got ?? 'absent',
    device.fwid !== null && (got === null ? mayLack : got === device.fwid),
  );
  findings.among(`nvidia.${place}.architecture`, referenceValues?.architectures ?? ARCHITECTURES, architecture);
}
