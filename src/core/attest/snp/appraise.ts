import { Findings } from '../findings.ts';
import type { PlatformInput, PlatformResult } from '../platform.ts';
import type { SnpReferenceValues } from './reference-values.ts';
import type { SnpReport } from './report.ts';

export async function appraiseSnp(input: PlatformInput<SnpReport, SnpReferenceValues>): Promise<PlatformResult> {
  return new Findings<'snp.built'>(input.verify).result('snp', ['snp.built']);
}
