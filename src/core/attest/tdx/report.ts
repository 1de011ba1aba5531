import * as z from 'zod/mini';
import { binary } from '../../schema.ts';

/** A TD quote, version 4 or 5, with the bytes that the platform left after it. */
export const tdxReport = z.strictObject({ platform: z.literal('tdx'), quote: binary(1, 16_384) });
export type TdxReport = z.infer<typeof tdxReport>;
