import * as z from 'zod/mini';

export const nvidiaReferenceValues = z.strictObject({ platform: z.literal('nvidia') });
export type NvidiaReferenceValues = z.infer<typeof nvidiaReferenceValues>;
