import * as z from 'zod/mini';
import { binary } from '../../schema.ts';

const certificates = z.array(binary(1, 4096)).check(z.minLength(1), z.maxLength(3));
const signedText = z.string().check(z.minLength(2), z.maxLength(65_536));
/** r ‖ s of P-256. */
const rawSignature = binary(64, 64);

/**
 * DCAP collateral (Intel PCS v4): the signed texts exactly as they were served, chains leaf first, in DER. The
 * list of PCK certificates needs no chain: its issuer is in the quote, as the issuer of the PCK certificate.
 */
export const tdxEndorsements = z.strictObject({
  tcbInfo: signedText,
  tcbInfoSignature: rawSignature,
  tcbInfoChain: certificates,
  qeIdentity: signedText,
  qeIdentitySignature: rawSignature,
  qeIdentityChain: certificates,
  pckCrl: binary(1, 131_072),
  rootCaCrl: binary(1, 65_536),
});
export type TdxEndorsements = z.infer<typeof tdxEndorsements>;
