import type { Choices } from '../../../client/platforms/kit/host.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../../src/core/attest/reference-values.ts';

/** What an operator gets who asks for nothing special. */
export const CHOICES: Choices = {
  imageName: 'known good',
  pinChip: false,
  golden: 'measured',
  akAuthority: null,
  isAkActivated: false,
  listsServiceTds: false,
};

const ONES = 'f'.repeat(16);

/**
 * A document with nothing in its lists and with the roots of another: what a committee begins with whose hosts are
 * under no vendor's root, as the kits' are.
 */
export function rootsOf(values: ReferenceValues): ReferenceValues {
  const { snp, tdx, tpm, nitro, gpu, 'intel-trust-authority': ita } = values;
  const ofSnp = snp && {
    ...snp,
    products: snp.products.map((product) => ({ ...product, floor: highest(product.floor) })),
    ...{ signers: [], images: [], policies: [], vmpls: [], minGuestSvn: 0xffff_ffff },
    ...{ platformInfo: { set: ONES, clear: ONES }, mitigations: ONES, chips: [] },
  };
  const ofTdx = tdx && {
    ...tdx,
    ...{ images: [], attributes: [], xfams: [], tcbStatuses: [], minTcbEvaluationDataNumber: 999, chips: [] },
    minTcbDate: '9999-12-31T23:59:59Z',
  };
  const { paravisor } = tpm ?? { paravisor: null };
  return {
    ...NO_REFERENCE_VALUES,
    snp: ofSnp,
    tdx: ofTdx,
    tpm: tpm && {
      ...tpm,
      ...{ images: [], activated: [], firmware: [] },
      paravisor: paravisor && paravisorRoots(paravisor),
    },
    nitro: nitro && { ...nitro, images: [], modules: [] },
    ...(ita === undefined ? {} : { 'intel-trust-authority': ita }),
    gpu: gpu && {
      ...{ gpus: [], switches: [] },
      spdm: gpu.spdm && {
        ...gpu.spdm,
        ...{ architectures: [], fwidOptional: [], drivers: [], vbioses: [], ppcie: [], featureFlags: [], devices: [] },
      },
    },
  };
}

function paravisorRoots(paravisor: NonNullable<NonNullable<ReferenceValues['tpm']>['paravisor']>) {
  const { snp, tdx } = rootsOf({ ...NO_REFERENCE_VALUES, ...paravisor });
  return { snp, tdx };
}

function highest<T extends { readonly fmc: number | null }>(floor: T) {
  const fmc = floor.fmc === null ? null : 255;
  return { ...floor, bootLoader: 255, tee: 255, snp: 255, microcode: 255, fmc };
}
