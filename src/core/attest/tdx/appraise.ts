import { Findings } from '../findings.ts';
import type { PlatformInput, PlatformResult } from '../platform.ts';
import type { TdxReferenceValues } from './reference-values.ts';
import type { TdxReport } from './report.ts';

export async function appraiseTdx(input: PlatformInput<TdxReport, TdxReferenceValues>): Promise<PlatformResult> {
  return new Findings<'tdx.built'>(input.verify).result('tdx', ['tdx.built']);
}
