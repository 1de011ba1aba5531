import { must } from '../../../src/core/errors.ts';
import type { EvidenceSource, SourceFlag } from '../source.ts';

const VMPL: SourceFlag = {
  flag: '--vmpl',
  value: '<level>',
  about: 'snp: the privilege level to report as, 0 to 3',
  implies: false,
};
const VEK_ISSUER: SourceFlag = {
  flag: '--vek-issuer',
  value: '<file>',
  about: "snp: AMD's ASK or ASVK, PEM, where the platform gives the chip's certificate alone",
  implies: false,
};

export const SNP_SOURCE: EvidenceSource = {
  name: 'snp',
  isHardware: true,
  flags: [VMPL, VEK_ISSUER],
  collector: async (given, devices) => {
    const [vmpl, issuer] = [given(VMPL), given(VEK_ISSUER)];
    must(vmpl === undefined || /^[0-3]$/.test(vmpl), 'usage', `--vmpl: expected 0 to 3, got ${vmpl}`);
    const [ask] = issuer === undefined ? [] : await devices.certificatesIn(issuer);
    return devices.tsm({ platform: 'snp', vmpl: vmpl === undefined ? null : Number(vmpl), ask: ask ?? null });
  },
};
