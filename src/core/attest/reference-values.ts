import * as z from 'zod/mini';
import { digest, parseAs } from '../schema.ts';
import { nvidiaReferenceValues } from './nvidia/reference-values.ts';
import { revocation } from './revocation.ts';
import { snpReferenceValues } from './snp/reference-values.ts';
import { tdxReferenceValues } from './tdx/reference-values.ts';
import { nrasReferenceValues, trustAuthorityReferenceValues } from './token/reference-values.ts';
import { tpmReferenceValues } from './tpm/reference-values.ts';

/** What evidence of the `simulated` platform must show; only in vaults of grade simulation. */
const simulatedReferenceValues = z.strictObject({
  platform: z.literal('simulated'),
  /** SHA-256 of the images that may run. An empty list refuses everybody. */
  measurements: z.array(digest).check(z.maxLength(256)),
});

/** How many devices a host must show: a count that is not listed is refused, none (0) included. */
const deviceCounts = z.array(z.int().check(z.gte(0), z.lte(24))).check(z.maxLength(24));

const gpuReferenceValues = z.strictObject({
  gpus: deviceCounts,
  /** 0 alone accepts GPUs without the NVSwitches that they are linked to; 0 beside other counts, GPUs without links. */
  switches: deviceCounts,
  /** For the devices' own evidence; null refuses it. */
  spdm: z.nullable(nvidiaReferenceValues),
  /** For NVIDIA's attestation service; null refuses its tokens. */
  nras: z.nullable(nrasReferenceValues),
});

/**
 * What a committee expects of hosts (RFC 9334: reference values), one document per platform, in the policy that
 * a quorum changes. A platform without one is refused: the strictest reading.
 */
export const referenceValuesSchema = z.strictObject({
  simulated: z.nullable(simulatedReferenceValues),
  snp: z.nullable(snpReferenceValues),
  tdx: z.nullable(tdxReferenceValues),
  tpm: z.nullable(tpmReferenceValues),
  intelTrustAuthority: z.nullable(trustAuthorityReferenceValues),
  /** Null for hosts that show no GPU. GPU evidence alone is never enough. */
  gpu: z.nullable(gpuReferenceValues),
  revoked: z.array(revocation).check(z.maxLength(1024)),
});
export type ReferenceValues = z.infer<typeof referenceValuesSchema>;

/** Refuses everybody. */
export const NO_REFERENCE_VALUES: ReferenceValues = {
  simulated: null,
  snp: null,
  tdx: null,
  tpm: null,
  intelTrustAuthority: null,
  gpu: null,
  revoked: [],
};

/** Throws `malformed`, for a field that no rule knows too. */
export function parseReferenceValues(value: unknown): ReferenceValues {
  return parseAs(referenceValuesSchema, value, 'reference values');
}
