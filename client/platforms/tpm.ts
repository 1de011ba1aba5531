import { hardwareText } from './paravisor.ts';
import type { ClientPlatformOf } from './platform.ts';
import { describeTpm, tpmWeaknesses } from './tpm/describe.ts';
import { TPM_FILES, tpmReportIn } from './tpm/files.ts';
import { withTpm } from './tpm/propose.ts';
import { AZURE_SOURCE, TPM_SOURCE } from './tpm/sources.ts';

export const TPM: ClientPlatformOf<'tpm'> = {
  name: 'TPM',
  claimsOf: 'tpm',
  hosts: 'TPMs',
  describe: describeTpm,
  weaknesses: tpmWeaknesses,
  propose: withTpm,
  // A TPM alone proves less than one of a paravisor, so its name says which it is.
  machineText: (claims) => {
    const hardware = hardwareText(claims);
    return hardware === null ? 'TPM alone' : `TPM over ${hardware}`;
  },
  firmware: () => null,
  cautions: () => [],
  files: TPM_FILES,
  reportIn: tpmReportIn,
  endorsedIn: () => ({}),
  sources: [TPM_SOURCE, AZURE_SOURCE],
  pretendedImage: () => null,
};
