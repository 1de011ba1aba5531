import { type Hex, toHex } from '../../bytes.ts';
import type { Comparison } from '../kit/findings.ts';
import type { ParsedDevice } from './device.ts';

/** The value of a link that leads nowhere. */
const NO_SWITCH: Hex = '00'.repeat(8);

/** How a GPU says, by either field, that it is in protected PCIe. */
export const PROTECTED_PCIE = { ppcie: 'aa', featureFlag: '0200' } as const;

/** A device with its name in rules: `gpu-0`, `switch-3`. */
export interface PlacedDevice {
  readonly place: string;
  readonly device: ParsedDevice;
}

/**
 * Whether GPUs and NVSwitches are of one machine, as far as the devices say: a switch that no GPU is linked to is
 * another machine's, and one that is left out sees what passes through it. Each GPU is linked to each switch that is
 * shown, and to no other. Where none is shown, all GPUs are linked to the same ones, and to none at all unless the
 * policy's counts, `allowedSwitches`, are 0 alone: 0 beside others is for GPUs without links. Null checks no policy.
 * Of several switches without a GPU nothing says that they are of one machine.
 */
export function compareTopology(
  devices: readonly PlacedDevice[],
  allowedSwitches: readonly number[] | null,
): Comparison {
  const switches = devices.filter(({ device }) => device.architecture === 'nvswitch');
  const gpus = devices.filter(({ device }) => device.architecture !== 'nvswitch');
  if (switches.length === 0) return compareLinks(gpus, allowedSwitches === null || isZeroAlone(allowedSwitches));
  const areUnlinked = gpus.length === 0 && switches.length > 1;
  const faults = [
    ...idFaults(switches),
    ...linkFaults(gpus, switches),
    ...(areUnlinked ? [`no GPU says that ${switches.length} NVSwitches are of one machine`] : []),
  ];
  const counts = `${gpus.length} GPUs and ${switches.length} NVSwitches`;
  return {
    expected: 'every GPU linked to every NVSwitch that is shown and to no other',
    got: faults.length === 0 ? `nothing else, of ${counts}` : faults.join('; '),
    pass: faults.length === 0,
  };
}

/** An empty list allows no count. */
function isZeroAlone(counts: readonly number[]): boolean {
  return counts.length > 0 && counts.every((count) => count === 0);
}

function compareLinks(gpus: readonly PlacedDevice[], mayHide: boolean): Comparison {
  const faults = [...unlikeFaults(gpus), ...(mayHide ? [] : unseenFaults(gpus))];
  return {
    expected: mayHide ? 'the same links on every GPU' : 'no GPU linked to an NVSwitch, for none is shown',
    got:
      faults.length === 0 ? `the same links on each of ${gpus.length} GPUs; no NVSwitch is shown` : faults.join('; '),
    pass: faults.length === 0,
  };
}

function unseenFaults(gpus: readonly PlacedDevice[]): string[] {
  const faults = gpus.flatMap(({ place, device }) => {
    const links = linkedSwitches(device);
    return links.length === 0 ? [] : [`${place} is linked to ${links.join(', ')}`];
  });
  return faults.length === 0 ? [] : [SHOW_SWITCHES, ...faults];
}

const SHOW_SWITCHES = 'show the evidence of these NVSwitches, or let the policy list 0 alone as its count of switches';

/** The switches at the ends of a GPU's links, each once, in ascending order; empty where it is linked to none. */
export function linkedSwitches({ architecture, report }: ParsedDevice): readonly Hex[] {
  if (architecture === 'nvswitch') return [];
  // A GPU writes an id from its last byte to its first.
  const ids = (report.opaque.switchIds ?? []).map((id) => toHex(id.toReversed()));
  return [...new Set(ids)].filter((id) => id !== NO_SWITCH).sort();
}

/** What an NVSwitch says that it is; null unless its identity's certificate, which it has for life, says it too. */
function switchId({ chain, report }: ParsedDevice): Hex | null {
  const [id, ...more] = (report.opaque.switchIds ?? []).map(toHex);
  return id !== undefined && more.length === 0 && chain[1].serial.endsWith(id) ? id : null;
}

function idFaults(switches: readonly PlacedDevice[]): string[] {
  return switches.filter(({ device }) => switchId(device) === null).map(({ place }) => `${place} has not its own id`);
}

function linkFaults(gpus: readonly PlacedDevice[], switches: readonly PlacedDevice[]): string[] {
  const shown = new Set(switches.map(({ device }) => switchId(device)));
  return gpus.flatMap((gpu) => {
    const links = linkedSwitches(gpu.device);
    const missing = switches.filter(({ device }) => !links.some((link) => link === switchId(device)));
    const hidden = links.filter((link) => !shown.has(link));
    return [
      ...missing.map(({ place }) => `${gpu.place} is not linked to ${place}`),
      ...hidden.map((link) => `${gpu.place} is linked to ${link}, which is not shown`),
    ];
  });
}

function unlikeFaults([first, ...others]: readonly PlacedDevice[]): string[] {
  if (first === undefined) return [];
  const expected = linkedSwitches(first.device).join();
  return others
    .filter(({ device }) => linkedSwitches(device).join() !== expected)
    .map(({ place }) => `${place} is linked to other NVSwitches than ${first.place}`);
}
