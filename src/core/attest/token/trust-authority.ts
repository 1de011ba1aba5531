import { Findings } from '../findings.ts';
import type { PlatformInput, PlatformResult } from '../platform.ts';
import type { TrustAuthorityReferenceValues } from './reference-values.ts';
import type { TrustAuthorityReport } from './report.ts';

export async function appraiseTrustAuthority(
  input: PlatformInput<TrustAuthorityReport, TrustAuthorityReferenceValues>,
): Promise<PlatformResult> {
  return new Findings<'ita.built'>(input.verify).result('ita', ['ita.built']);
}
