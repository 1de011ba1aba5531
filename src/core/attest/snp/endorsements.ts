import * as z from 'zod/mini';
import { binary } from '../../schema.ts';

/** DER certificates and CRL; the ARK is pinned by the reference values. */
export const snpEndorsements = z.strictObject({
  /** VCEK or VLEK. */
  vek: binary(1, 4096),
  /** ASK, or ASVK for a VLEK. */
  ask: binary(1, 4096),
  /** The ARK's list of revoked ASKs and VEKs, where the vendor publishes one. */
  crl: z.nullable(binary(1, 65_536)),
});
export type SnpEndorsements = z.infer<typeof snpEndorsements>;
