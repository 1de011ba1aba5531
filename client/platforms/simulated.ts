import { requireFlag } from './given-flags.ts';
import { union } from './kit/host.ts';
import { beware } from './kit/remark.ts';
import type { ClientPlatformOf } from './platform.ts';
import type { EvidenceSource, SourceFlag } from './source.ts';

const CHIP: SourceFlag = {
  flag: '--simulated-chip',
  value: '<file>',
  about: 'evidence of no hardware, for simulation vaults; made where there is none',
  implies: true,
};

const SOURCE: EvidenceSource = {
  name: 'simulated',
  isHardware: false,
  flags: [CHIP],
  collector: (given, devices) => devices.simulatedChip(requireFlag(given, CHIP, '--simulated-chip FILE')),
};

export const SIMULATED: ClientPlatformOf<'simulated'> = {
  name: 'Simulated chip',
  claimsOf: 'simulated',
  hosts: 'simulated hosts',
  describe: () => [beware('simulated hosts are accepted, whose evidence anybody can make up')],
  weaknesses: () => [],
  propose: (before, { measurement }) => ({
    platform: 'simulated',
    measurements: union(before?.measurements, [measurement]),
  }),
  machineText: () => 'Simulated chip',
  firmware: () => null,
  cautions: () => [],
  files: {},
  reportIn: () => null,
  endorsedIn: () => ({}),
  sources: [SOURCE],
  pretendedImage: ({ 'simulated.measurement': measurement = null }) => measurement,
};
