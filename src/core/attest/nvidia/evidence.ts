import * as z from 'zod/mini';
import { binary } from '../../schema.ts';

/** GPUs and NVSwitches of one machine that a release may name. */
export const MAX_DEVICES = 24;

/** SPDM 1.1 GET_MEASUREMENTS request and response, and the device's chain, leaf first, in DER. */
export const spdmEvidence = z.strictObject({
  kind: z.literal('spdm'),
  devices: z
    .array(
      z.strictObject({
        spdm: binary(1, 16_384),
        chain: z.array(binary(1, 4096)).check(z.minLength(2), z.maxLength(6)),
      }),
    )
    .check(z.minLength(1), z.maxLength(MAX_DEVICES)),
});
export type SpdmEvidence = z.infer<typeof spdmEvidence>;
