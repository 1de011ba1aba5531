import type { EvidenceCollector } from '../../../client/host/collector.ts';
import { type Endorsements, NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import { type HostBinding, hostExtraData, hostReportData } from '../../../src/core/attest/evidence.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import { type Hex, toHex } from '../../../src/core/bytes.ts';
import { utcTime } from '../../core/x509/certificate-kit.ts';
import { azureCase } from '../../platforms/azure.ts';
import { evidenceOf, makeDevice, referenceValuesFor } from '../../platforms/nvidia.ts';
import { type SnpOptions, snpCase, snpFields } from '../../platforms/snp.ts';
import { makeTdx, TDX_REFERENCE_VALUES, type TdxChanges } from '../../platforms/tdx.ts';
import {
  nrasTokens,
  nrasValues,
  TOKEN_ENDORSEMENTS,
  type TokenChanges,
  trustAuthorityToken,
  trustAuthorityValues,
} from '../../platforms/token.ts';
import { tpmReferenceValues, tpmReport } from '../../platforms/tpm.ts';

/** Hosts of every platform, as the kits make them at this moment, and the reference values that they meet. */

const DAY_MS = 86_400_000;

/** An ASN.1 time, to the second. */
export const utcTimeAt = (ms: number): Uint8Array =>
  utcTime(`${new Date(ms).toISOString().replace(/^20|[-:T]|\.\d+Z$/g, '')}Z`);

/** Of a revocation list that is in date. */
const inDate = () => ({ thisUpdate: utcTimeAt(Date.now() - DAY_MS), nextUpdate: utcTimeAt(Date.now() + DAY_MS) });

/** The kit's chip, and another of its making. */
export const CHIP: Uint8Array = snpFields().chipId;
export const OTHER_CHIP: Uint8Array = CHIP.map((byte) => byte ^ 0xff);

export const HARDWARE_VALUES: ReferenceValues = {
  ...NO_REFERENCE_VALUES,
  snp: { ...snpCase().referenceValues, chips: [toHex(CHIP), toHex(OTHER_CHIP)], graceMs: 0 },
  tdx: TDX_REFERENCE_VALUES,
  tpm: tpmReferenceValues({ paravisor: azureCase().referenceValues.paravisor }),
  'intel-trust-authority': trustAuthorityValues(),
  gpu: { gpus: [0, 1, 2], switches: [0], spdm: referenceValuesFor(), nras: nrasValues() },
};

/** What a host that lies makes of what it is to bind, and which endorsements it brings. */
export interface Deceit {
  readonly bind?: (binding: HostBinding) => HostBinding;
  readonly bring?: (own: Endorsements) => Endorsements;
}

const honest = { bind: (binding: HostBinding) => binding, bring: (own: Endorsements) => own };

/** A Milan, or one of another chip; it brings its certificates and the list of what is revoked. */
export function snpHost(options: SnpOptions & { readonly chipId?: Uint8Array } = {}, deceit: Deceit = {}) {
  const { bind, bring } = { ...honest, ...deceit };
  const collector: EvidenceCollector = {
    gpu: async () => null,
    async collect(binding) {
      const { report, endorsements } = snpAt(hostReportData(bind(binding)), options);
      return { report, endorsements: bring(endorsements) };
    },
  };
  return collector;
}

export function snpAt(reportData: Uint8Array, options: SnpOptions & { readonly chipId?: Uint8Array } = {}) {
  const { chipId = CHIP, report, vekExtensions, crl, ...others } = options;
  return snpCase({
    ...others,
    report: { chipId, reportData, ...report },
    vekExtensions: { '4': chipId, ...vekExtensions },
    crl: crl === null ? null : { ...inDate(), ...crl },
  });
}

/** A TD with as many GPUs, each of which signs the nonce; `gpuNonce` is what they sign in place of it. */
export function tdxHost(
  { gpus = 0, gpuNonce, ...changes }: TdxChanges & { readonly gpus?: number; readonly gpuNonce?: Uint8Array } = {},
  deceit: Deceit = {},
): EvidenceCollector {
  const { bind, bring } = { ...honest, ...deceit };
  return {
    gpu: async (nonce) => (gpus === 0 ? null : gpusAt(gpuNonce ?? nonce, gpus)),
    async collect(binding) {
      const reportData: Hex = toHex(hostReportData(bind(binding)));
      const { report, endorsements } = makeTdx({ ...changes, body: { reportData, ...changes.body } });
      return { report, endorsements: bring({ ...NO_ENDORSEMENTS, tdx: endorsements }) };
    },
  };
}

export const gpusAt = (nonce: Uint8Array, count: number, firstSeed = 1) =>
  evidenceOf(...Array.from({ length: count }, (_, i) => makeDevice({ seed: firstSeed + i, nonce })));

/** A machine that shows its TPM alone. */
export function tpmHost(deceit: Deceit = {}): EvidenceCollector {
  const { bind } = { ...honest, ...deceit };
  return {
    gpu: async () => null,
    collect: async (binding) => ({
      report: tpmReport({ extraData: hostExtraData(bind(binding)) }),
      endorsements: NO_ENDORSEMENTS,
    }),
  };
}

/** A TPM of a paravisor on a Milan. */
export function paravisorHost(): EvidenceCollector {
  return {
    gpu: async () => null,
    async collect(binding) {
      const { report, endorsements } = azureCase({
        quote: { extraData: hostExtraData(binding) },
        snp: { crl: inDate() },
      });
      return { report, endorsements };
    },
  };
}

/** When a token is made, and until when it counts: five minutes, as the services do. */
export function tokenTimes(nowMs: number = Date.now()): TokenChanges {
  const now = Math.floor(nowMs / 1000);
  return { payload: { iat: now - 60, nbf: now - 60, exp: now + 240 } };
}

/** A TD and its GPU, of which two services speak. */
export function tokenHost(times: TokenChanges = tokenTimes()): EvidenceCollector {
  return {
    gpu: async (nonce) => nrasTokens(nonce, { overall: times, device: times }),
    collect: async (binding) => ({
      report: trustAuthorityToken(hostReportData(binding), times),
      endorsements: TOKEN_ENDORSEMENTS,
    }),
  };
}
