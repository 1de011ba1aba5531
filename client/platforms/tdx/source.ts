import type { EvidenceSource } from '../source.ts';

export const TDX_SOURCE: EvidenceSource = {
  name: 'tdx',
  isHardware: true,
  flags: [],
  collector: (_, devices) => devices.tsm({ platform: 'tdx', vmpl: null, ask: null }),
};
