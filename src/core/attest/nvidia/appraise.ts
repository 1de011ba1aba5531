import { Findings } from '../findings.ts';
import type { PlatformInput, PlatformResult } from '../platform.ts';
import type { SpdmEvidence } from './evidence.ts';
import type { NvidiaReferenceValues } from './reference-values.ts';

export async function appraiseNvidia(
  input: PlatformInput<SpdmEvidence, NvidiaReferenceValues>,
): Promise<PlatformResult> {
  return new Findings<'nvidia.built'>(input.verify).result('nvidia', ['nvidia.built']);
}
