import * as z from 'zod/mini';
import { binary } from '../../schema.ts';

const certificates = z.array(binary(1, 4096)).check(z.minLength(1), z.maxLength(3));
const signedText = z.string().check(z.minLength(2), z.maxLength(65_536));
/** r ‖ s of P-256. */
const rawSignature = binary(64, 64);

/** What is signed, to the byte, with its signature and its chain, leaf first: they travel together. */
export const signedDocument = z.strictObject({ text: signedText, signature: rawSignature, chain: certificates });
export type SignedDocument = z.infer<typeof signedDocument>;

/**
 * DCAP collateral (Intel PCS v4): the signed texts exactly as they were served, chains leaf first, in DER. The
 * list of PCK certificates needs no chain: its issuer is in the quote, as the issuer of the PCK certificate. Null is
 * a part that was not to be had: each is issued on its own, and one that is missing hides none of the others.
 */
export const tdxEndorsements = z
  .strictObject({
    tcbInfo: z.nullable(signedText),
    tcbInfoSignature: z.nullable(rawSignature),
    tcbInfoChain: z.nullable(certificates),
    qeIdentity: z.nullable(signedText),
    qeIdentitySignature: z.nullable(rawSignature),
    qeIdentityChain: z.nullable(certificates),
    pckCrl: z.nullable(binary(1, 131_072)),
    rootCaCrl: z.nullable(binary(1, 65_536)),
  })
  .check(
    z.refine(
      (all) =>
        isWholeOrAbsent(all.tcbInfo, all.tcbInfoSignature, all.tcbInfoChain) &&
        isWholeOrAbsent(all.qeIdentity, all.qeIdentitySignature, all.qeIdentityChain),
      'expected a text with its signature and chain, or null for all three',
    ),
  );
export type TdxEndorsements = z.infer<typeof tdxEndorsements>;

/** Where they stand among all endorsements. */
export interface TdxEndorsed {
  readonly tdx?: TdxEndorsements | undefined;
}

function isWholeOrAbsent(...parts: readonly unknown[]): boolean {
  return parts.every((part) => part === null) || parts.every((part) => part !== null);
}

/** Null where it was not to be had. */
export function tcbInfoOf(given: TdxEndorsements): SignedDocument | null {
  return documentOf(given.tcbInfo, given.tcbInfoSignature, given.tcbInfoChain);
}

/** Null where it was not to be had. */
export function qeIdentityOf(given: TdxEndorsements): SignedDocument | null {
  return documentOf(given.qeIdentity, given.qeIdentitySignature, given.qeIdentityChain);
}

function documentOf(
  text: SignedDocument['text'] | null,
  signature: SignedDocument['signature'] | null,
  chain: SignedDocument['chain'] | null,
): SignedDocument | null {
  return text === null || signature === null || chain === null ? null : { text, signature, chain };
}
