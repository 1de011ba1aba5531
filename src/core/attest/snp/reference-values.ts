import * as z from 'zod/mini';

export const snpReferenceValues = z.strictObject({ platform: z.literal('snp') });
export type SnpReferenceValues = z.infer<typeof snpReferenceValues>;
