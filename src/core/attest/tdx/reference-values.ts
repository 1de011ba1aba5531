import * as z from 'zod/mini';
import { binary } from '../../schema.ts';
import { hex, measurement, tdValues } from '../kit/td.ts';

/** Intel's next update is due after 30 days: collateral that is older has missed two. */
const MAX_GRACE_MS = 30 * 86_400_000;

/** The reference values for a TD. An empty list refuses every host. */
export const tdxReferenceValues = z.strictObject({
  platform: z.literal('tdx'),
  /** Certificates in DER; PCK certificates and collateral must chain to one of them, both to the same. */
  roots: z.array(binary(1, 8192)).check(z.maxLength(4)),
  ...tdValues,
  /** True: SEPT_VE_DISABLE must be set, or the host can take the guest's pages away unnoticed. False: not asked. */
  septVeDisable: z.boolean(),
  /** The least number of TCB info and QE identity. It keeps out older collateral that is still in date. */
  minTcbEvaluationDataNumber: z.int().check(z.gte(0), z.lte(65_535)),
  /**
   * MRSERVICETD, 48 bytes: the hash over the service TDs that may be bound to a TD, and may learn from it all that their
   * protocol gives them. Left out, or an empty list: none may be bound.
   */
  serviceTds: z.optional(z.array(measurement).check(z.maxLength(64))),
  /** PPIDs, 16 bytes; null: any platform that the root vouches for. */
  chips: z.nullable(z.array(hex(16)).check(z.maxLength(4096))),
  /** How long collateral and revocation lists may be used after their next update was due, in milliseconds. */
  graceMs: z.int().check(z.gte(0), z.lte(MAX_GRACE_MS)),
});
export type TdxReferenceValues = z.infer<typeof tdxReferenceValues>;
