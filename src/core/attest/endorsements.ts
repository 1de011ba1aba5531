import * as z from 'zod/mini';
import type { Hex } from '../bytes.ts';
import { canonicalBytes, digestOf, parseCanonicalAs } from '../canonical.ts';
import { snpEndorsements } from './snp/endorsements.ts';
import { tdxEndorsements } from './tdx/endorsements.ts';
import { keySet } from './token/endorsements.ts';

/** TDX collateral is 20 KiB, an attestation service's key set 80 KiB. */
export const MAX_ENDORSEMENTS_BYTES = 512 * 1024;

/**
 * What vendors say about the hardware behind some evidence: certificates, TCB collateral, revocation lists,
 * key sets (RFC 9334: endorsements). The document as a whole is not signed: what counts in it are the vendors'
 * signatures, under roots that the reference values pin. Archived beside the log under its digest.
 */
export const endorsementsSchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('endorsements'),
  snp: z.nullable(snpEndorsements),
  tdx: z.nullable(tdxEndorsements),
  /** Key sets of attestation services, at most one an issuer. */
  keySets: z.array(keySet).check(z.maxLength(2)),
});
export type Endorsements = z.infer<typeof endorsementsSchema>;

/** For platforms whose evidence is complete in itself. */
export const NO_ENDORSEMENTS: Endorsements = { v: 1, kind: 'endorsements', snp: null, tdx: null, keySets: [] };

/** Parses attacker-controlled endorsements. Throws `too_large`, `not_canonical` or `malformed`. */
export function parseEndorsements(bytes: Uint8Array): { endorsements: Endorsements; digest: Hex } {
  const endorsements = parseCanonicalAs(endorsementsSchema, bytes, MAX_ENDORSEMENTS_BYTES, 'endorsements');
  return { endorsements, digest: digestOf(bytes) };
}

export function endorsementsBytes(endorsements: Endorsements): Uint8Array {
  return canonicalBytes(endorsements);
}
