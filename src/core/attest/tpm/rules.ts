import type { Findings } from '../kit/findings.ts';
import { HARDWARE } from '../paravisor/hardware.ts';
import type { TpmReferenceValues } from './reference-values.ts';
import type { TpmReport } from './report.ts';

/** Every rule of a quote; a hardware report under a paravisor adds those of its platform. */
export const TPM_RULES = [
  'tpm.signature',
  'tpm.key-certified',
  'tpm.paravisor-vmpl',
  'tpm.paravisor',
  'tpm.key-attributes',
  'tpm.extra-data',
  'tpm.selection',
  'tpm.pcr-digest',
  'tpm.image',
  'tpm.alone',
  'tpm.firmware',
] as const;
export type TpmRule = (typeof TPM_RULES)[number];
export type TpmFindings = Findings<TpmRule>;

/** Every rule that must have been reached. */
export function requiredRules(
  { identity }: TpmReport,
  expectedData: Uint8Array | null,
  values: TpmReferenceValues | null,
): TpmRule[] {
  const always: TpmRule[] = [
    'tpm.signature',
    'tpm.key-certified',
    'tpm.key-attributes',
    'tpm.selection',
    'tpm.pcr-digest',
  ];
  const hasLevels = identity.kind === 'runtime' && HARDWARE[identity.hardware.platform].levelClaim !== null;
  if (hasLevels) always.push('tpm.paravisor-vmpl');
  if (expectedData !== null) always.push('tpm.extra-data');
  if (values === null) return always;
  const firmware: TpmRule[] = values.firmware === null ? [] : ['tpm.firmware'];
  const paravisor: TpmRule[] = identity.kind === 'runtime' ? ['tpm.paravisor'] : [];
  return [...always, 'tpm.image', 'tpm.alone', ...firmware, ...paravisor];
}
