import * as z from 'zod/mini';
import { type Base64url, fromHex, toBase64url } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import { parseAs } from '../../schema.ts';
import { derOfChainText, derOfText } from '../../x509/der-text.ts';
import { tdxEndorsements, type WholeTdxEndorsements } from './endorsements.ts';

/** Collateral is 20 KiB; a list of revoked certificates may make it larger. */
const MAX_CHARACTERS = 512 * 1024;

const byte = z.int().check(z.gte(0), z.lte(255));
/** A list of revoked certificates: text, or the bytes of DER as numbers. */
const list = z.union([z.string(), z.array(byte)]);
const hex = z.string().check(z.regex(/^(?:[0-9a-fA-F]{2})+$/, 'expected hexadecimal'));

/** What Intel's tools and those after them write: lists and chains in several forms, signed texts as they are. */
const collateralJson = z.object({
  root_ca_crl: list,
  pck_crl: list,
  tcb_info_issuer_chain: z.string(),
  tcb_info: z.string(),
  tcb_info_signature: hex,
  qe_identity_issuer_chain: z.string(),
  qe_identity: z.string(),
  qe_identity_signature: hex,
});

/**
 * TDX endorsements from the JSON text of a collateral file, attacker-controlled; members that are not needed, like
 * `pck_crl_issuer_chain`, are passed over. Nothing is checked but the form. Throws `too_large` or `malformed`.
 */
export function tdxEndorsementsOfPcs(text: string): WholeTdxEndorsements {
  must(text.length <= MAX_CHARACTERS, 'too_large', `expected at most ${MAX_CHARACTERS} characters of collateral`);
  const given = parseAs(collateralJson, parseJson(text), 'collateral');
  const endorsements: WholeTdxEndorsements = {
    tcbInfo: given.tcb_info,
    tcbInfoSignature: binaryOf(given.tcb_info_signature),
    tcbInfoChain: chainOf(given.tcb_info_issuer_chain),
    qeIdentity: given.qe_identity,
    qeIdentitySignature: binaryOf(given.qe_identity_signature),
    qeIdentityChain: chainOf(given.qe_identity_issuer_chain),
    pckCrl: crlOf(given.pck_crl),
    rootCaCrl: crlOf(given.root_ca_crl),
  };
  parseAs(tdxEndorsements, endorsements, 'collateral');
  return endorsements;
}

function binaryOf(text: string): Base64url {
  return toBase64url(fromHex(text.toLowerCase()));
}

function crlOf(given: z.infer<typeof list>): Base64url {
  const [crl, ...more] = typeof given === 'string' ? derOfText(given, 'X509 CRL') : [Uint8Array.from(given)];
  must(crl !== undefined && more.length === 0, 'malformed', 'collateral: expected one list of revoked certificates');
  return toBase64url(crl);
}

function chainOf(text: string): Base64url[] {
  return derOfChainText(text).map(toBase64url);
}
