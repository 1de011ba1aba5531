import { existsSync, readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExpectedBinding, type RawEvidence, subjectOfRaw } from '../../client/appraise/raw.ts';
import { NO_ENDORSEMENTS } from '../../src/core/attest/endorsements.ts';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { derOfPem } from '../../src/core/x509/pem.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { NO_EVIDENCE } from '../client/appraise/no-evidence.ts';
import { appraisalText, appraiseCase, type CarriedCase } from '../platforms/carried-case.ts';
import { platformCases } from '../platforms/cases.ts';
import { vectorPath, vectorTest } from '../vectors.ts';
import { type CoreBrowser, openCoreBrowser, type WithCore } from './core-page.ts';

let browser: CoreBrowser;
let page: Page;

beforeAll(async () => {
  browser = await openCoreBrowser();
  page = await browser.open();
});
afterAll(async () => {
  await browser?.close();
});

/** By name: canonical appraisals, and the verdicts, which no test may leave out. */
async function inBoth(cases: readonly CarriedCase[]) {
  const here: Record<string, string> = {};
  for (const carried of cases) here[carried.name] = appraisalText(await appraiseCase(carried, verifyNode));
  const inPage = await page.evaluate(
    (carried) => (globalThis as unknown as WithCore).twinlockCore.appraiseInPage(carried),
    cases,
  );
  const verdicts = Object.entries(here).map(([name, text]) => [
    name,
    (JSON.parse(text) as { verdict: string }).verdict,
  ]);
  return { here, inPage, verdicts: Object.fromEntries(verdicts) as Record<string, string> };
}

const file = (...path: string[]): Uint8Array => new Uint8Array(readFileSync(vectorPath(...path)));

function vectorCase(
  name: string,
  at: string,
  raw: Partial<RawEvidence>,
  expected: Partial<ExpectedBinding> = {},
): CarriedCase {
  const { parts, endorsements } = subjectOfRaw(
    { ...NO_EVIDENCE, ...raw },
    { nonce: null, reportData: null, ...expected },
  );
  const hexOf = (bytes: Uint8Array | null) => (bytes === null ? null : toHex(bytes));
  return {
    name,
    report: parts.report,
    gpu: parts.gpu,
    reportData: hexOf(parts.reportData),
    gpuNonce: hexOf(parts.gpuNonce),
    endorsements: endorsements ?? NO_ENDORSEMENTS,
    referenceValues: null,
    instantMs: Date.parse(at),
  };
}

/** Every report among the vectors with its certificate, at an instant inside their validity. */
function snpVectors(): CarriedCase[] {
  const rows = [
    ['milan-v2', 'milan', '2023-06-01', 'vcek'],
    ['milan-v2-debug', 'milan', '2023-06-01', 'vcek'],
    ['milan-v2-idblock', 'milan', '2023-06-01', 'vcek'],
    ['milan-v3-vlek-vmpl1', 'milan-vlek', '2025-06-01', 'vlek'],
    ['milan-v5-nodata', 'milan', '2026-01-15', 'vcek'],
    ['milan-v5-x25519-vmpl1', 'milan', '2026-01-15', 'vcek'],
    ['genoa-v3-hpke', 'genoa', '2026-07-01', 'vcek'],
  ] as const;
  return rows
    .filter(([name]) => existsSync(vectorPath('snp', `${name}.report.bin`)))
    .map(([name, ca, at, vek]) =>
      vectorCase(name, at, {
        snpReport: file('snp', `${name}.report.bin`),
        vek: file('snp', `${name}.${vek}.der`),
        ca: file('snp', `ca-${ca}.pem`),
      }),
    );
}

function compositeVector(): CarriedCase {
  const attestation = JSON.parse(readFileSync(vectorPath('combined', 'tdx-h100.attestation.json'), 'utf8')) as {
    report_data: { nonce: string };
    gpu: { evidences: { certificate: string; evidence: string }[] };
  };
  const [gpu] = attestation.gpu.evidences;
  if (gpu === undefined) throw new Error('expected the evidence of a GPU');
  const chain = Buffer.from(gpu.certificate, 'base64').toString();
  expect(derOfPem(chain, 'CERTIFICATE')).toHaveLength(5);
  return vectorCase(
    'tdx and h100',
    '2026-06-29T03:00:00Z',
    {
      tdxQuote: file('combined', 'tdx-h100.quote.bin'),
      collateral: file('combined', 'tdx-h100.collateral.json'),
      spdm: [new Uint8Array(Buffer.from(gpu.evidence, 'base64'))],
      chain: [utf8(chain)],
    },
    {
      nonce: new Uint8Array(Buffer.from(attestation.report_data.nonce, 'hex')),
      reportData: new Uint8Array(
        Buffer.from(`b90f44cac33d13e2356be6fedb25326c9b039cff66f7d2afc5c7218566dd82ff${'00'.repeat(32)}`, 'hex'),
      ),
    },
  );
}

function tpmVector(): CarriedCase {
  return vectorCase(
    'swtpm',
    '2026-11-22',
    {
      tpmAttest: file('tpm', 'swtpm-quote.tpms_attest'),
      tpmSignature: file('tpm', 'swtpm-quote.tpmt_signature'),
      tpmPcrs: file('tpm', 'swtpm-quote.pcrvalues'),
      ak: file('tpm', 'swtpm-ak.tpm2b_public'),
      akChain: file('tpm', 'swtpm-ak.cert.pem'),
    },
    { nonce: new Uint8Array(Buffer.from(readFileSync(vectorPath('tpm', 'swtpm-nonce.hex'), 'utf8').trim(), 'hex')) },
  );
}

describe('an appraisal in a page, under the console’s own policy', () => {
  it('of every platform that the kits make is the same to the byte as in Node', async () => {
    const { here, inPage, verdicts } = await inBoth(platformCases());
    expect(inPage).toEqual(here);
    expect(new Set(Object.values(verdicts))).toEqual(new Set(['pass']));
  });

  it('that fails is the same to the byte too', async () => {
    const later = platformCases().map((carried) => ({ ...carried, instantMs: Date.UTC(2099, 0, 1), reportData: null }));
    const { here, inPage, verdicts } = await inBoth(later);
    expect(inPage).toEqual(here);
    expect(new Set(Object.values(verdicts))).toEqual(new Set(['fail']));
  });

  vectorTest('of SNP vectors is the same to the byte as in Node', async () => {
    const { here, inPage, verdicts } = await inBoth(snpVectors());
    expect(inPage).toEqual(here);
    const { 'milan-v2-debug': debug, ...others } = verdicts;
    expect(debug).toBe('fail');
    expect(new Set(Object.values(others))).toEqual(new Set(['pass']));
  });

  vectorTest('of the TDX quote that binds an H100 is the same to the byte as in Node', async () => {
    const { here, inPage, verdicts } = await inBoth([compositeVector()]);
    expect(inPage).toEqual(here);
    expect(verdicts).toEqual({ 'tdx and h100': 'pass' });
  });

  vectorTest('of the TPM quote is the same to the byte as in Node', async () => {
    const { here, inPage } = await inBoth([tpmVector()]);
    expect(inPage).toEqual(here);
    expect(here['swtpm']).toContain('"rule":"tpm.signature"');
  });

  it('complains of nothing', () => {
    expect(browser.complaints()).toEqual([]);
  });
});
