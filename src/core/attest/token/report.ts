import * as z from 'zod/mini';
import { MAX_TOKEN_CHARACTERS } from './jws.ts';

/** A JSON Web Token in compact form (RFC 7519). */
const compactToken = z
  .string()
  .check(
    z.maxLength(MAX_TOKEN_CHARACTERS),
    z.regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/, 'expected a compact JWS'),
  );

/** Intel Trust Authority's word about a TD, in place of its quote. */
export const trustAuthorityReport = z.strictObject({
  platform: z.literal('intel-trust-authority'),
  token: compactToken,
});
export type TrustAuthorityReport = z.infer<typeof trustAuthorityReport>;

/** NVIDIA NRAS's word about GPUs: the overall token and one a device, in the order of their numbers. */
export const nrasEvidence = z.strictObject({
  kind: z.literal('nras'),
  overall: compactToken,
  devices: z
    .array(
      z.strictObject({
        name: z.string().check(z.regex(/^GPU-(?:0|[1-9][0-9]?)$/, 'expected GPU-0 to GPU-99')),
        token: compactToken,
      }),
    )
    .check(z.minLength(1), z.maxLength(16)),
});
export type NrasEvidence = z.infer<typeof nrasEvidence>;
