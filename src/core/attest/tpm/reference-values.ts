import * as z from 'zod/mini';

export const tpmReferenceValues = z.strictObject({ platform: z.literal('tpm') });
export type TpmReferenceValues = z.infer<typeof tpmReferenceValues>;
