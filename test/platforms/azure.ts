import { sha256 } from '@noble/hashes/sha2.js';
import { type Endorsements, NO_ENDORSEMENTS } from '../../src/core/attest/endorsements.ts';
import type { TpmReferenceValues } from '../../src/core/attest/tpm/reference-values.ts';
import type { TpmReport } from '../../src/core/attest/tpm/report.ts';
import { concat, toBase64url, toHex, utf8, ZERO_32 } from '../../src/core/bytes.ts';
import { publicKeyOf } from '../core/x509/certificate-kit.ts';
import { SNP_INSTANT_MS, type SnpOptions, snpCase } from './snp.ts';
import { makeTdx, TDX_REFERENCE_VALUES, type TdxChanges } from './tdx.ts';
import { akOf, modulusOf, type ReportFields, tpmReferenceValues, tpmReport } from './tpm.ts';

/** Confidential VMs with a paravisor and its vTPM, as Azure has them, under the test roots of SNP and TDX. */

/** Both kits' certificates and lists are in date then. */
export const AZURE_INSTANT_MS: number = SNP_INSTANT_MS;

export interface AzureFields {
  readonly platform?: 'snp' | 'tdx';
  /** Members that the runtime JSON has besides or instead. */
  readonly runtime?: object;
  /** Of HCLAkPub. */
  readonly ak?: object;
  /** What the hardware report carries, 64 bytes; the hash of the runtime and zeros unless told. */
  readonly reportData?: Uint8Array;
  readonly snp?: SnpOptions;
  readonly tdx?: TdxChanges;
  readonly quote?: ReportFields;
  readonly referenceValues?: Partial<TpmReferenceValues>;
}

export interface AzureCase {
  readonly report: TpmReport;
  /** The runtime JSON. */
  readonly runtime: Uint8Array;
  readonly endorsements: Endorsements;
  readonly referenceValues: TpmReferenceValues;
}

export const PARAVISOR_AK = akOf('RSASSA', 0x64);

export const runtimeKey = {
  kid: 'HCLAkPub',
  key_ops: ['sign'],
  kty: 'RSA',
  e: 'AQAB',
  get n(): string {
    return toBase64url(modulusOf(publicKeyOf(PARAVISOR_AK)));
  },
};

/** JSON, of which only what the appraisal reads is as Azure's. */
export function runtimeBytes({ runtime = {}, ak = {} }: AzureFields = {}): Uint8Array {
  const configuration = { 'console-enabled': true, 'secure-boot': true, 'tpm-enabled': true, vmUniqueId: MACHINE };
  const keys = [{ ...runtimeKey, ...ak }, { kid: 'HCLEkPub' }];
  return utf8(JSON.stringify({ keys, 'vm-configuration': configuration, 'user-data': '00'.repeat(64), ...runtime }));
}

export const MACHINE = '26F8BC30-774E-4290-8E7A-535F3B672AEE';

/** A machine that passes, and what the fields change. */
export function azureCase(fields: AzureFields = {}): AzureCase {
  const runtime = runtimeBytes(fields);
  const { platform = 'snp', reportData = concat(sha256(runtime), ZERO_32) } = fields;
  const { hardware, endorsements, paravisor } =
    platform === 'snp' ? onSnp(reportData, fields) : onTdx(reportData, fields);
  const identity = { kind: 'runtime', runtime: toBase64url(runtime), hardware } as const;
  return {
    report: tpmReport({ scheme: 'RSASSA', key: PARAVISOR_AK, identity, ...fields.quote }),
    runtime,
    endorsements,
    referenceValues: tpmReferenceValues({ alone: false, anchors: [], paravisor, ...fields.referenceValues }),
  };
}

function onSnp(reportData: Uint8Array, { snp = {} }: AzureFields) {
  const { report, endorsements, referenceValues } = snpCase({ ...snp, report: { reportData, ...snp.report } });
  return { hardware: report, endorsements, paravisor: { snp: referenceValues } };
}

function onTdx(reportData: Uint8Array, { tdx = {} }: AzureFields) {
  const { report, endorsements } = makeTdx({ ...tdx, body: { reportData: toHex(reportData), ...tdx.body } });
  const paravisor = { tdx: TDX_REFERENCE_VALUES };
  return { hardware: report, endorsements: { ...NO_ENDORSEMENTS, tdx: endorsements }, paravisor };
}

export interface HclFields {
  readonly signature?: string;
  readonly hardware?: Uint8Array;
  readonly version?: number;
  readonly kind?: number;
  readonly hash?: number;
  readonly runtime?: Uint8Array;
  readonly dataBytes?: number;
  readonly size?: number;
  readonly padding?: Uint8Array;
}

/** What the vTPM's NV index holds: 2600 bytes, the rest zeros. */
export function hclBytes(fields: HclFields = {}): Uint8Array {
  const { runtime = runtimeBytes(), hardware = new Uint8Array(1184).fill(0x11), padding = new Uint8Array(64) } = fields;
  const head = new Uint8Array(1236);
  const view = new DataView(head.buffer);
  head.set(utf8(fields.signature ?? 'HCLA'));
  view.setUint32(4, 2, true);
  view.setUint32(8, 1236 + runtime.length - 32, true);
  view.setUint32(12, 2, true);
  head.set(hardware, 32);
  const { dataBytes = 20 + runtime.length, version = 1, kind = 2, hash = 1, size = runtime.length } = fields;
  for (const [i, word] of [dataBytes, version, kind, hash, size].entries()) {
    view.setUint32(1216 + 4 * i, word, true);
  }
  return concat(head, runtime, padding);
}
