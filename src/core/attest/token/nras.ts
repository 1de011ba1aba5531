import { Findings } from '../findings.ts';
import type { PlatformInput, PlatformResult } from '../platform.ts';
import type { NrasReferenceValues } from './reference-values.ts';
import type { NrasEvidence } from './report.ts';

export async function appraiseNras(input: PlatformInput<NrasEvidence, NrasReferenceValues>): Promise<PlatformResult> {
  return new Findings<'nras.built'>(input.verify).result('nras', ['nras.built']);
}
