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

const DEVICE_NAME = /^(?:GPU|SWITCH)-(?:0|[1-9][0-9]?)$/;

/** NVIDIA NRAS's word about GPUs and NVSwitches: the overall token and one a device, as `byNumber` orders them. */
export const nrasEvidence = z.strictObject({
  kind: z.literal('nras'),
  overall: compactToken,
  devices: z
    .array(
      z.strictObject({
        name: z.string().check(z.regex(DEVICE_NAME, 'expected GPU-0 to GPU-99 or SWITCH-0 to SWITCH-99')),
        token: compactToken,
      }),
    )
    .check(z.minLength(1), z.maxLength(16)),
});
export type NrasEvidence = z.infer<typeof nrasEvidence>;

/** GPUs before NVSwitches, each in the order of their numbers: of devices' names. */
export function byNumber(one: string, other: string): number {
  const number = (name: string) => Number(name.replace(/^.*-/, ''));
  return Number(isSwitch(one)) - Number(isSwitch(other)) || number(one) - number(other);
}

export function isSwitch(name: string): boolean {
  return name.startsWith('SWITCH-');
}
