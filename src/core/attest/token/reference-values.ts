import * as z from 'zod/mini';

export const trustAuthorityReferenceValues = z.strictObject({ platform: z.literal('intel-trust-authority') });
export type TrustAuthorityReferenceValues = z.infer<typeof trustAuthorityReferenceValues>;

export const nrasReferenceValues = z.strictObject({ service: z.literal('nras') });
export type NrasReferenceValues = z.infer<typeof nrasReferenceValues>;
