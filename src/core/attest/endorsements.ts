import * as z from 'zod/mini';
import type { Hex } from '../bytes.ts';
import { canonicalBytes, digestOf, parseCanonicalAs } from '../canonical.ts';
import { optionalMembers } from './kit/table.ts';
import { DEVICES, PLATFORMS } from './platforms.ts';

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
  /** By platform or kind of device evidence; left out where there are none. */
  ...optionalMembers(PLATFORMS, 'endorsements'),
  ...optionalMembers(DEVICES, 'endorsements'),
});
export type Endorsements = z.infer<typeof endorsementsSchema>;

/** For platforms whose evidence is complete in itself. */
export const NO_ENDORSEMENTS: Endorsements = { v: 1, kind: 'endorsements' };

/** Parses attacker-controlled endorsements. Throws `too_large`, `not_canonical` or `malformed`. */
export function parseEndorsements(bytes: Uint8Array): { endorsements: Endorsements; digest: Hex } {
  const endorsements = parseCanonicalAs(endorsementsSchema, bytes, MAX_ENDORSEMENTS_BYTES, 'endorsements');
  return { endorsements, digest: digestOf(bytes) };
}

export function endorsementsBytes(endorsements: Endorsements): Uint8Array {
  return canonicalBytes(endorsements);
}
