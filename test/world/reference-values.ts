import type { NvidiaReferenceValues } from '../../src/core/attest/nvidia/reference-values.ts';
import type { ReferenceValues } from '../../src/core/attest/reference-values.ts';
import type { SnpReferenceValues } from '../../src/core/attest/snp/reference-values.ts';
import type { TdxReferenceValues } from '../../src/core/attest/tdx/reference-values.ts';
import { toBase64url } from '../../src/core/bytes.ts';

/** Values of a policy that pins these roots, and allows nothing yet. */
export const snpUnder = (...roots: readonly Uint8Array[]): SnpReferenceValues => ({
  platform: 'snp',
  products: roots.map((root) => ({
    product: 'Milan',
    root: toBase64url(root),
    floor: { bootLoader: 0, tee: 0, snp: 0, microcode: 0, fmc: null },
  })),
  signers: ['vcek'],
  images: [],
  policies: [],
  vmpls: [0],
  minGuestSvn: 0,
  platformInfo: { set: '0'.repeat(16), clear: '0'.repeat(16) },
  mitigations: null,
  chips: null,
  crl: 'unchecked',
  graceMs: 0,
});

export const tdxUnder = (...roots: readonly Uint8Array[]): TdxReferenceValues => ({
  platform: 'tdx',
  roots: roots.map(toBase64url),
  images: [],
  attributes: [],
  xfams: [],
  septVeDisable: true,
  tcbStatuses: ['UpToDate'],
  minTcbEvaluationDataNumber: 0,
  chips: null,
  graceMs: 0,
});

const spdmUnder = (...roots: readonly Uint8Array[]): NvidiaReferenceValues => ({
  platform: 'nvidia',
  roots: roots.map(toBase64url),
  architectures: ['hopper'],
  fwidOptional: [],
  drivers: [],
  vbioses: [],
  ppcie: null,
  featureFlags: null,
  devices: null,
});

export const gpuUnder = (...roots: readonly Uint8Array[]): ReferenceValues['gpu'] => ({
  gpus: [1],
  switches: [0],
  spdm: spdmUnder(...roots),
});
