import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { appraiseNitro } from '../../../../src/core/attest/nitro/appraise.ts';
import { parseCoseSign1 } from '../../../../src/core/attest/nitro/cose.ts';
import { parseAttestationDocument } from '../../../../src/core/attest/nitro/document.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { nitroReportOf } from '../../../platforms/nitro.ts';
import { vectorPath } from '../../../vectors.ts';

/** The output of `nitro-tpm-attest` on an instance of AWS. The shared folder may lack it. */
const DOCUMENT = vectorPath('nitro', 'document.cbor');
const documentTest = existsSync(DOCUMENT) ? test : test.skip;

async function failed(document: Uint8Array, instantMs: number): Promise<string[]> {
  const report = nitroReportOf(document);
  const given = { expectedData: null, referenceValues: null, endorsements: {}, verify: verifyNode };
  const { rules } = await appraiseNitro({ ...given, report, instantMs });
  return rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
}

documentTest('a document of a real instance is authentic at its own time, and at no later one', async () => {
  const document = new Uint8Array(readFileSync(DOCUMENT));
  const { timestampMs } = parseAttestationDocument(parseCoseSign1(document).payload);
  expect(await failed(document, timestampMs)).toEqual([]);
  expect(await failed(document, timestampMs + 86_400_000)).toEqual(['nitro.chain']);
  const signature = document.with(-1, (document.at(-1) ?? 0) ^ 1);
  expect(await failed(signature, timestampMs)).toEqual(['nitro.signature']);
});
