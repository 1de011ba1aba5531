import * as z from 'zod/mini';

export const tdxReferenceValues = z.strictObject({ platform: z.literal('tdx') });
export type TdxReferenceValues = z.infer<typeof tdxReferenceValues>;
