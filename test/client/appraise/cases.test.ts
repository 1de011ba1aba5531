import { describe, expect } from 'vitest';
import { instantOf, type SubjectFlags, subjectOf } from '../../../client/cli/subject-flags.ts';
import { readReferenceValues } from '../../../client/reference-values/file.ts';
import type { Appraisal } from '../../../src/core/attest/appraisal.ts';
import { appraiseParts } from '../../../src/core/attest/compose.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { casePath, caseTest } from '../../vectors.ts';

/** Evidence that was judged wrongly once, as an operator would give it to `twinlock appraise`. */

const file = (folder: string, name: string) => casePath('attestation', folder, name);
const failedOf = ({ rules }: Appraisal) => rules.filter(({ pass }) => !pass).map(({ rule }) => rule);

async function appraise(flags: SubjectFlags, at: string, expected: string | null): Promise<Appraisal> {
  const { parts, endorsements } = await subjectOf(null, flags);
  const referenceValues = expected === null ? null : await readReferenceValues(expected);
  return appraiseParts(parts, { endorsements, referenceValues, instantMs: instantOf(at), verify: verifyNode });
}

describe('SEV-SNP', () => {
  const folders = ['snp-report-v4/Milan', 'snp-report-v4/Genoa', 'snp-vcek-siena'];
  caseTest.each(folders)('%s passes under its reference values', async (folder) => {
    const flags = { snpReport: file(folder, 'report.bin'), vek: file(folder, 'vek.der'), ca: file(folder, 'ask.pem') };
    const appraisal = await appraise(flags, '2025-01-01T00:00:00Z', file(folder, 'expect.json'));
    expect(failedOf(appraisal)).toEqual([]);
  });
});

describe('NVIDIA', () => {
  const at = '2026-06-01T00:00:00Z';

  caseTest('an NVSwitch, which leaves call LS_10 and manifests LS10, matches all of its manifest', async () => {
    const flags = {
      spdm: [file('nvswitch-rim-chip', 'switch.spdm.bin')],
      chain: [file('nvswitch-rim-chip', 'switch.chain.pem')],
    };
    const appraisal = await appraise(flags, at, file('nvswitch-rim-chip', 'expect.json'));
    expect(failedOf(appraisal)).toEqual(['composite.cpu', 'composite.cpu-values']);
    const measured = appraisal.rules.find(({ rule }) => rule === 'nvidia.switch-0.measurements');
    expect(measured).toMatchObject({ got: '31 match' });
  });
});
