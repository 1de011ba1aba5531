import { type ReferenceValues, refusesEveryPlatform } from '../../src/core/attest/reference-values.ts';

type GpuReferenceValues = NonNullable<ReferenceValues['gpu']>;

/** What a document says of GPUs, spelled out: where it says nothing, hosts without any are the ones that pass. */
export function gpusAllowed(document: ReferenceValues): GpuReferenceValues {
  const none = refusesEveryPlatform(document) ? [] : [0];
  return document.gpu ?? { gpus: none, switches: none };
}
