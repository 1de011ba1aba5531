import { CC_MODE } from '../../src/core/attest/nvidia/measures.ts';
import type { NvidiaReferenceValues } from '../../src/core/attest/nvidia/reference-values.ts';
import { PROTECTED_PCIE } from '../../src/core/attest/nvidia/topology.ts';
import type { ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { beware, type Remark } from '../platforms/kit/remark.ts';
import { eachPlatform } from '../platforms/platforms.ts';

/** A weakness that is publicly known, and how a document that lets it in can be told. */
interface Weakness {
  /** What the remark begins with, as the platform's other remarks do. */
  readonly platform: string;
  /** Whether a host that has it could pass under the document. */
  readonly isAccepted: (values: ReferenceValues) => boolean;
  readonly sentence: string;
  /** Who says so: an advisory or another public statement. */
  readonly source: string;
}

const UNSEEN_SWITCHES_SOURCE = 'github.com/NVIDIA/nvtrust, guest_tools/ppcie-verifier';

/** Weaknesses of reference values for devices. Those of platforms are in the platforms' own files. */
const WEAKNESSES: readonly Weakness[] = [
  {
    platform: 'GPUs',
    isAccepted: (values) => devicesOf(values) !== null,
    sentence:
      "no signed field names a GPU's CC mode (on, off or DevTools): the mode shows in measurements alone, and of " +
      "GH100 in golden value 9 of the VBIOS. Values that were taken from a host's evidence are of the mode that the " +
      "host was in; take NVIDIA's own with from-rim",
    source: 'github.com/NVIDIA/nvtrust/issues/132',
  },
  {
    platform: 'GPUs',
    isAccepted: (values) => leavesOutCcMode(devicesOf(values)),
    sentence: 'a GH100 in DevTools mode may pass, for golden value 9 of a driver and its VBIOS is not compared',
    source: 'github.com/NVIDIA/nvtrust/issues/132',
  },
  {
    platform: 'GPUs',
    isAccepted: (values) => allowsUnseenSwitches(values) && !allowsSwitches(values),
    sentence:
      'GPUs in protected-PCIe mode may pass without their NVSwitches, which see in the clear what GPUs send one another',
    source: UNSEEN_SWITCHES_SOURCE,
  },
  {
    platform: 'GPUs',
    isAccepted: (values) => allowsUnseenSwitches(values) && allowsSwitches(values),
    sentence:
      'GPUs in protected-PCIe mode may pass without NVSwitches where their evidence names no link to one; those that ' +
      'name links have to come with the switches at their ends',
    source: UNSEEN_SWITCHES_SOURCE,
  },
  {
    platform: 'tokens of NVIDIA NRAS',
    isAccepted: (values) => values.gpu?.nras != null && allowsSwitches(values),
    sentence:
      'NVSwitches may be those of another machine, for no claim says which switches a GPU is linked to, as ' +
      "the devices' own evidence does",
    source: 'docs.nvidia.com/attestation, nvSwitch claims',
  },
];

/** Publicly known weaknesses that could pass under the document. */
export function knownWeaknesses(document: ReferenceValues): Remark[] {
  const platforms = eachPlatform(document, (row, values) =>
    values === undefined ? [] : row.weaknesses(values, row.hosts, document.revoked),
  );
  const devices = WEAKNESSES.filter(({ isAccepted }) => isAccepted(document));
  return [
    ...platforms.flat(),
    ...devices.map(({ platform, sentence, source }) => beware(`${platform}: ${sentence} (${source})`)),
  ];
}

/** Null where no GPU passes by its own evidence. */
function devicesOf({ gpu }: ReferenceValues): NvidiaReferenceValues | null {
  const allowsGpus = gpu?.gpus.some((count) => count > 0) === true;
  const spdm = (allowsGpus ? gpu.spdm : null) ?? null;
  return spdm !== null && spdm.drivers.length > 0 && spdm.vbioses.length > 0 ? spdm : null;
}

/** A GPU passes under a record of its driver and a record of its VBIOS. Each record may have the value. */
function leavesOutCcMode(devices: NvidiaReferenceValues | null): boolean {
  const leavesOut = ({ chip, golden }: NvidiaReferenceValues['vbioses' | 'drivers'][number]) =>
    chip === CC_MODE.chip && golden?.some(({ index }) => index === CC_MODE.index) !== true;
  const { drivers, vbioses } = devices ?? { drivers: [], vbioses: [] };
  return drivers.some(leavesOut) && vbioses.some(leavesOut);
}

/** GPUs in protected PCIe, from hosts that show no switch. */
function allowsUnseenSwitches(values: ReferenceValues): boolean {
  const devices = devicesOf(values);
  return devices !== null && values.gpu?.switches.includes(0) === true && allowsProtectedPcie(devices);
}

function allowsSwitches({ gpu }: ReferenceValues): boolean {
  return gpu?.switches.some((count) => count > 0) === true;
}

function allowsProtectedPcie({ ppcie, featureFlags }: NvidiaReferenceValues): boolean {
  return (
    ppcie?.includes(PROTECTED_PCIE.ppcie) !== false && featureFlags?.includes(PROTECTED_PCIE.featureFlag) !== false
  );
}
