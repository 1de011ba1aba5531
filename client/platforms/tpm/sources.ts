import { must } from '../../../src/core/errors.ts';
import { requireFlag } from '../given-flags.ts';
import type { EvidenceSource, GivenFlags, SourceFlag } from '../source.ts';

/** What the boot measured; not 10, which grows while the machine runs, and what is quoted must still be there. */
const DEFAULT_PCRS = '0-9,11-15';

const AK: SourceFlag = {
  flag: '--tpm-ak',
  value: '<key>',
  about: 'tpm: the attestation key, a handle or a context file',
  implies: true,
};
const AK_CERTIFICATE: SourceFlag = {
  flag: '--tpm-ak-certificate',
  value: '<file>',
  about: 'tpm: its certificate and issuers, PEM; without it, one that was activated',
  implies: true,
};
const PCRS: SourceFlag = {
  flag: '--tpm-pcrs',
  value: '<list>',
  about: `tpm, azure: the PCRs to quote (default: ${DEFAULT_PCRS})`,
  implies: false,
};

export const TPM_SOURCE: EvidenceSource = {
  name: 'tpm',
  isHardware: true,
  flags: [AK, AK_CERTIFICATE, PCRS],
  collector: async (given, devices) => {
    const ak = requireFlag(given, AK, '--tpm-ak KEY, a handle or a context file');
    const file = given(AK_CERTIFICATE);
    const certificate = file === undefined ? null : await devices.certificatesIn(file);
    return devices.tpm({ ak, pcrs: pcrsOf(given), certificate });
  },
};

export const AZURE_SOURCE: EvidenceSource = {
  name: 'azure',
  isHardware: true,
  flags: [PCRS],
  collector: (given, devices) => devices.azureParavisor({ pcrs: pcrsOf(given) }),
};

/** `0-7,10` in ascending order. */
function pcrsOf(given: GivenFlags): readonly number[] {
  const pcrs = new Set<number>();
  for (const part of (given(PCRS) ?? DEFAULT_PCRS).split(',')) {
    const [, from, to] = /^([0-9]{1,2})(?:-([0-9]{1,2}))?$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to ?? from)];
    const isRange = first <= last && last <= 23;
    must(isRange, 'usage', `--tpm-pcrs: expected PCRs of 0 to 23, such as ${DEFAULT_PCRS}, got ${part}`);
    for (let index = first; index <= last; index++) pcrs.add(index);
  }
  return [...pcrs].sort((a, b) => a - b);
}
