import { Findings } from '../findings.ts';
import type { PlatformInput, PlatformResult } from '../platform.ts';
import type { TpmReferenceValues } from './reference-values.ts';
import type { TpmReport } from './report.ts';

export async function appraiseTpm(input: PlatformInput<TpmReport, TpmReferenceValues>): Promise<PlatformResult> {
  return new Findings<'tpm.built'>(input.verify).result('tpm', ['tpm.built']);
}
