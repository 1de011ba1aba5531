import type { NvidiaReferenceValues } from '../../src/core/attest/nvidia/reference-values.ts';
import type { ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { beware, type Remark } from './remark.ts';

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

/** Of GH100's VBIOS: NVIDIA says that a part of it is the CC mode, on or DevTools. */
const CC_MODE_INDEX = 9;

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
    isAccepted: (values) => devicesOf(values)?.vbioses.some(leavesOutCcMode) === true,
    sentence: 'a GH100 in DevTools mode may pass, for golden value 9 of a VBIOS is not compared',
    source: 'github.com/NVIDIA/nvtrust/issues/132',
  },
  {
    platform: 'GPUs',
    isAccepted: (values) => {
      const devices = devicesOf(values);
      return devices !== null && values.gpu?.switches.includes(0) === true && allowsProtectedPcie(devices);
    },
    sentence:
      'GPUs in protected-PCIe mode may pass without their NVSwitches, which see in the clear what GPUs send one another',
    source: 'github.com/NVIDIA/nvtrust, guest_tools/ppcie-verifier',
  },
];

/** What is publicly known to be weak and could pass under the document. */
export function knownWeaknesses(values: ReferenceValues): Remark[] {
  return WEAKNESSES.filter(({ isAccepted }) => isAccepted(values)).map(({ platform, sentence, source }) =>
    beware(`${platform}: ${sentence} (${source})`),
  );
}

/** Null where no GPU passes by its own evidence. */
function devicesOf({ gpu }: ReferenceValues): NvidiaReferenceValues | null {
  const allowsGpus = gpu?.gpus.some((count) => count > 0) === true;
  const spdm = allowsGpus ? gpu.spdm : null;
  return spdm !== null && spdm.drivers.length > 0 && spdm.vbioses.length > 0 ? spdm : null;
}

function leavesOutCcMode({ chip, golden }: NvidiaReferenceValues['vbioses'][number]): boolean {
  return chip === 'GH100' && golden?.some(({ index }) => index === CC_MODE_INDEX) !== true;
}

function allowsProtectedPcie({ ppcie, featureFlags }: NvidiaReferenceValues): boolean {
  return ppcie?.includes('aa') !== false && featureFlags?.includes('0200') !== false;
}
