import * as z from 'zod/mini';
import { binary } from '../../schema.ts';

/**
 * DER certificates and CRL; the ARK is pinned by the reference values. Null is a part that is missing: each part is issued on
 * its own, and one that is missing hides none of the others.
 */
export const snpEndorsements = z.strictObject({
  /** VCEK or VLEK. */
  vek: z.nullable(binary(1, 4096)),
  /** ASK, or ASVK for a VLEK. */
  ask: z.nullable(binary(1, 4096)),
  /** The ARK's list of revoked ASKs and VEKs, where the vendor publishes one. */
  crl: z.nullable(binary(1, 65_536)),
});
export type SnpEndorsements = z.infer<typeof snpEndorsements>;

/** Where they stand among all endorsements. */
export interface SnpEndorsed {
  readonly snp?: SnpEndorsements | undefined;
}
