import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { instantOf, type SubjectFlags, subjectOf } from '../../../client/cli/subject-flags.ts';
import type { Choices } from '../../../client/platforms/kit/host.ts';
import { proposeReferenceValues } from '../../../client/reference-values/propose.ts';
import type { Appraisal } from '../../../src/core/attest/appraisal.ts';
import { appraiseParts } from '../../../src/core/attest/compose.ts';
import { requireHardwareValues } from '../../../src/core/attest/production.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import { derOfPem } from '../../../src/core/x509/pem.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { vectorPath } from '../../vectors.ts';
import { isThere, VECTOR_ROWS, type VectorRow } from './vector-rows.ts';

/** What the command line makes of the files of vendors' tools, without the process around it. */

const folder = mkdtempSync(join(tmpdir(), 'twinlock-rows-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Some of the files are kept back for independent checks. */
const rowTest = (row: VectorRow) => (isThere(row) ? test : test.skip);
const failedOf = ({ rules }: Appraisal) => rules.filter(({ pass }) => !pass).map(({ rule }) => rule);

async function reach(flags: SubjectFlags, at: string, referenceValues: ReferenceValues | null = null) {
  const { parts, endorsements } = await subjectOf(null, flags);
  const measure = { endorsements, referenceValues, instantMs: instantOf(at), verify: verifyNode };
  return appraiseParts(parts, measure);
}

describe('without reference values', () => {
  for (const row of VECTOR_ROWS) {
    rowTest(row)(`${row.name} is as its source says`, async () => {
      const reached = reach(row.flags(folder), row.at);
      if (row.failed === null) {
        await expect(reached).rejects.toMatchObject({ name: 'TwinlockError' });
        return;
      }
      const appraisal = await reached;
      expect(failedOf(appraisal).toSorted()).toEqual([...row.failed].sort());
      expect(appraisal.verdict).toBe(row.failed.length === 0 ? 'pass' : 'fail');
    });
  }
});

const CHOICES: Choices = {
  imageName: 'known good',
  pinChip: false,
  golden: 'measured',
  akAuthority: null,
  isAkActivated: false,
  listsServiceTds: false,
};

/** Of an AK that shows its own certificate alone, an operator names who issued it. */
function choicesFor({ akChain }: SubjectFlags): Choices {
  if (akChain === undefined) return CHOICES;
  const [akAuthority = null] = derOfPem(readFileSync(vectorPath('tpm/swtpm-ak-ca.pem'), 'utf8'), 'CERTIFICATE');
  return { ...CHOICES, akAuthority };
}

/** GPUs alone are never enough, for any document. */
const ALONE = ['composite.cpu', 'composite.cpu-values'];

/** What is authentic, and an AK's certificate, for which no vendor has a root. An enclave serves no weights. */
const isProposable = ({ failed, name }: VectorRow) =>
  name !== 'ita-dev.jwt' && (failed?.length === 0 || String(failed) === 'tpm.key-certified');

describe('reference values from evidence', () => {
  for (const row of VECTOR_ROWS) {
    if (isProposable(row)) {
      rowTest(row)(`are proposed that it passes under: ${row.name}`, async () => {
        const flags = row.flags(folder);
        const terms = { before: NO_REFERENCE_VALUES, choices: choicesFor(flags), verify: verifyNode };
        const subject = await subjectOf(null, flags);
        const document = await proposeReferenceValues(subject, { ...terms, instantMs: instantOf(row.at) });
        const alone = subject.parts.report === null ? ALONE : [];
        expect(failedOf(await reach(flags, row.at, document))).toEqual(alone);
        // Under the vendors' roots alone: nothing here was made by us.
        expect(() => requireHardwareValues(document)).not.toThrow();
      });
    } else {
      rowTest(row)(`are not proposed: ${row.name}`, async () => {
        const flags = row.flags(folder);
        const proposing = subjectOf(null, flags).then((subject) =>
          proposeReferenceValues(subject, {
            before: NO_REFERENCE_VALUES,
            choices: CHOICES,
            instantMs: instantOf(row.at),
            verify: verifyNode,
          }),
        );
        const code = row.failed === null ? expect.any(String) : 'appraisal_failed';
        await expect(proposing).rejects.toMatchObject({ name: 'TwinlockError', code });
        const error = await proposing.catch((thrown) => thrown);
        for (const rule of row.failed ?? []) expect(Object.keys(error.detail)).toContain(rule);
      });
    }
  }
});
