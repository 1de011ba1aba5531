import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EvidenceParts, evidencePartsBytes, partsData } from '../../../client/host/evidence-parts.ts';
import { referenceValuesText } from '../../../client/reference-values/file.ts';
import { NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import { toHex } from '../../../src/core/bytes.ts';
import { azureCase } from '../../platforms/azure.ts';
import { evidenceOf, makeDevice, referenceValuesFor } from '../../platforms/nvidia.ts';
import { SNP_INSTANT_MS, snpCase } from '../../platforms/snp.ts';
import { makeTdx, TDX_REFERENCE_VALUES } from '../../platforms/tdx.ts';
import {
  nrasTokens,
  nrasValues,
  TOKEN_ENDORSEMENTS,
  trustAuthorityToken,
  trustAuthorityValues,
} from '../../platforms/token.ts';
import { tpmReferenceValues, tpmReport } from '../../platforms/tpm.ts';

/** The kits' certificates, lists and tokens are in date then. */
export const KIT_AT = new Date(SNP_INSTANT_MS).toISOString().replace('.000Z', 'Z');

/** What the person who asked for the evidence chose. */
export const KIT_NONCE = '5a'.repeat(32);

export interface KitFile {
  readonly name: string;
  readonly parts: EvidenceParts;
  readonly values: ReferenceValues;
}

const values = (given: Partial<ReferenceValues>): ReferenceValues => ({ ...NO_REFERENCE_VALUES, ...given });

/** A file of every platform as `twinlock evidence` writes it, bound to `KIT_NONCE`, and values that it passes. */
export function kitFiles(): readonly KitFile[] {
  const bare = partsData(KIT_NONCE, null);
  const snp = snpCase({ report: { reportData: bare.reportData } });
  const azure = azureCase({ quote: { extraData: bare.extraData } });
  const nonce = new Uint8Array(32).fill(0x5a);
  const gpu = evidenceOf(makeDevice({ nonce, seed: 1 }), makeDevice({ nonce, seed: 2 }));
  const tdx = makeTdx({ body: { reportData: toHex(partsData(KIT_NONCE, gpu).reportData) } });
  const nras = nrasTokens(nonce);
  const common = { v: 1, kind: 'evidence-parts', gpu: null, gpuNonce: null } as const;
  const cpu = { ...common, reportData: toHex(bare.reportData) };
  const tpm = { ...common, reportData: toHex(bare.extraData) };
  return [
    {
      name: 'snp',
      parts: { ...cpu, report: snp.report, endorsements: snp.endorsements },
      values: values({ snp: snp.referenceValues }),
    },
    {
      name: 'tdx-gpus',
      parts: {
        ...{ ...common, report: tdx.report, endorsements: { ...NO_ENDORSEMENTS, tdx: tdx.endorsements } },
        ...{ gpu, gpuNonce: KIT_NONCE, reportData: toHex(partsData(KIT_NONCE, gpu).reportData) },
      },
      values: values({
        tdx: TDX_REFERENCE_VALUES,
        gpu: { gpus: [2], switches: [0], spdm: referenceValuesFor() },
      }),
    },
    {
      name: 'tpm',
      parts: { ...tpm, report: tpmReport({ extraData: bare.extraData }), endorsements: NO_ENDORSEMENTS },
      values: values({ tpm: tpmReferenceValues() }),
    },
    {
      name: 'tpm-snp',
      parts: { ...tpm, report: azure.report, endorsements: azure.endorsements },
      values: values({ tpm: azure.referenceValues }),
    },
    {
      name: 'tokens',
      parts: {
        ...{ ...common, report: trustAuthorityToken(partsData(KIT_NONCE, nras).reportData) },
        ...{ gpu: nras, gpuNonce: KIT_NONCE, reportData: toHex(partsData(KIT_NONCE, nras).reportData) },
        endorsements: TOKEN_ENDORSEMENTS,
      },
      values: values({
        'intel-trust-authority': trustAuthorityValues(),
        gpu: { gpus: [1], switches: [0], nras: nrasValues() },
      }),
    },
  ];
}

/** Writes them as `<name>.json` and `<name>.values.json`. */
export function writeKitFiles(folder: string, files: readonly KitFile[]): void {
  for (const { name, parts, values: document } of files) {
    writeFileSync(join(folder, `${name}.json`), evidencePartsBytes(parts));
    writeFileSync(join(folder, `${name}.values.json`), referenceValuesText(document));
  }
}
