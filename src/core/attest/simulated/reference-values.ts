import * as z from 'zod/mini';
import { digest } from '../../schema.ts';

/** The reference values for the `simulated` platform, in vaults of grade simulation only. */
export const simulatedReferenceValues = z.strictObject({
  platform: z.literal('simulated'),
  /** SHA-256 of the images that may run. An empty list refuses every host. */
  measurements: z.array(digest).check(z.maxLength(256)),
});
export type SimulatedReferenceValues = z.infer<typeof simulatedReferenceValues>;
