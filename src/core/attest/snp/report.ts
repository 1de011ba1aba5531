import * as z from 'zod/mini';
import { binary } from '../../schema.ts';

/** ATTESTATION_REPORT as the firmware wrote it (AMD 56860, table 23). */
export const snpReport = z.strictObject({ platform: z.literal('snp'), report: binary(1184, 1184) });
export type SnpReport = z.infer<typeof snpReport>;
