import type { ReferenceValues } from '../../src/core/attest/reference-values.ts';

type GpuReferenceValues = NonNullable<ReferenceValues['gpu']>;

/** What a document says of GPUs, spelled out: where it says nothing, hosts without any are the ones that pass. */
export function gpusAllowed(document: ReferenceValues): GpuReferenceValues {
  const { simulated, snp, tdx, tpm, intelTrustAuthority } = document;
  const allowsHosts = [simulated, snp, tdx, tpm, intelTrustAuthority].some((values) => values !== null);
  const none = allowsHosts ? [0] : [];
  return document.gpu ?? { gpus: none, switches: none, spdm: null, nras: null };
}
