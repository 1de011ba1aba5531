import { NO_ENDORSEMENTS } from '../../src/core/attest/endorsements.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { type Hex, toHex } from '../../src/core/bytes.ts';
import { azureCase } from './azure.ts';
import type { CarriedCase } from './carried-case.ts';
import { NITRO_INSTANT_MS, nitroReport, nitroValues } from './nitro.ts';
import { evidenceOf, makeDevice, referenceValuesFor, TEST_NONCE } from './nvidia.ts';
import { SNP_INSTANT_MS, snpCase } from './snp.ts';
import { makeTdx, TDX_REFERENCE_VALUES } from './tdx.ts';
import { nrasTokens, nrasValues, TOKEN_ENDORSEMENTS, trustAuthorityToken, trustAuthorityValues } from './token.ts';
import { EXTRA_DATA, tpmReferenceValues, tpmReport } from './tpm.ts';

const REPORT_DATA = new Uint8Array(64).fill(7);
const DATA_HEX: Hex = toHex(REPORT_DATA);

/** One case a platform that passes every rule under the kits' roots, by name: complete, with reference values. */
export function platformCases(): readonly CarriedCase[] {
  const snp = snpCase({ report: { reportData: REPORT_DATA } });
  const tdx = makeTdx({ body: { reportData: DATA_HEX } });
  const azure = azureCase();
  const tpm = tpmReport({ extraData: EXTRA_DATA });
  const gpus = evidenceOf(makeDevice({ seed: 1 }), makeDevice({ seed: 2 }));
  const base = { gpu: null, gpuNonce: null, reportData: DATA_HEX, instantMs: SNP_INSTANT_MS };
  const gpuValues = { gpus: [2], switches: [0], spdm: referenceValuesFor() };
  const overTpm = { ...base, reportData: toHex(EXTRA_DATA), endorsements: NO_ENDORSEMENTS };
  return [
    { ...base, name: 'snp', ...snp, referenceValues: values({ snp: snp.referenceValues }) },
    { ...base, name: 'tdx', ...withTdx(tdx), referenceValues: values({ tdx: TDX_REFERENCE_VALUES }) },
    {
      ...base,
      name: 'tdx and two gpus',
      ...withTdx(tdx),
      gpu: gpus,
      gpuNonce: toHex(TEST_NONCE),
      referenceValues: values({ tdx: TDX_REFERENCE_VALUES, gpu: gpuValues }),
    },
    { ...overTpm, name: 'tpm', report: tpm, referenceValues: values({ tpm: tpmReferenceValues() }) },
    {
      ...overTpm,
      name: 'tpm over snp',
      report: azure.report,
      endorsements: azure.endorsements,
      referenceValues: values({ tpm: azure.referenceValues }),
    },
    {
      ...base,
      name: 'nitro',
      report: nitroReport({ user_data: REPORT_DATA }),
      endorsements: NO_ENDORSEMENTS,
      referenceValues: values({ nitro: nitroValues() }),
      instantMs: NITRO_INSTANT_MS,
    },
    {
      ...base,
      name: 'tokens',
      report: trustAuthorityToken(REPORT_DATA),
      gpu: nrasTokens(TEST_NONCE),
      gpuNonce: toHex(TEST_NONCE),
      endorsements: TOKEN_ENDORSEMENTS,
      referenceValues: values({
        'intel-trust-authority': trustAuthorityValues(),
        gpu: { gpus: [1], switches: [0], nras: nrasValues() },
      }),
    },
  ].map(({ name, report, gpu, reportData, gpuNonce, endorsements, referenceValues, instantMs }) => ({
    name,
    report,
    gpu,
    reportData,
    gpuNonce,
    endorsements,
    referenceValues,
    instantMs,
  }));
}

function values(given: Partial<ReferenceValues>): ReferenceValues {
  return { ...NO_REFERENCE_VALUES, ...given };
}

function withTdx({ report, endorsements }: ReturnType<typeof makeTdx>) {
  return { report, endorsements: { ...NO_ENDORSEMENTS, tdx: endorsements } };
}
