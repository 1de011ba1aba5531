import * as z from 'zod/mini';
import { type Base64url, fromHex, toBase64url } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import { parseAs } from '../../schema.ts';
import { derOfChainText, derOfFile, derOfText, withoutEnd } from '../../x509/der-text.ts';
import { type TdxEndorsements, tdxEndorsements } from './endorsements.ts';

/** Collateral is 20 KiB; a list of revoked certificates may make it larger. */
const MAX_CHARACTERS = 512 * 1024;

const byte = z.int().check(z.gte(0), z.lte(255));
/** A list of revoked certificates: text, or the bytes of DER or of text as numbers. */
const list = z.nullish(z.union([z.string(), z.array(byte)]));
const text = z.nullish(z.string());
const hex = z.nullish(z.string().check(z.regex(/^(?:[0-9a-fA-F]{2})+$/, 'expected hexadecimal')));

/** What Intel's tools and those after them write: lists and chains in several forms, signed texts as they are. */
const collateralJson = z.object({
  root_ca_crl: list,
  pck_crl: list,
  tcb_info_issuer_chain: text,
  tcb_info: text,
  tcb_info_signature: hex,
  qe_identity_issuer_chain: text,
  qe_identity: text,
  qe_identity_signature: hex,
});

/**
 * TDX endorsements from the JSON text of a collateral file, attacker-controlled; members that are not needed, like
 * `pck_crl_issuer_chain`, are passed over. A part that is null or left out is missing, and hides none of the others:
 * Intel's own service has no `root_ca_crl`. Nothing is checked but the form. Throws `too_large`, and `malformed`, also
 * where every part is missing.
 */
export function tdxEndorsementsOfPcs(text: string): TdxEndorsements {
  must(text.length <= MAX_CHARACTERS, 'too_large', `expected at most ${MAX_CHARACTERS} characters of collateral`);
  const given = parseAs(collateralJson, parseJson(text), 'collateral');
  const endorsements: TdxEndorsements = {
    tcbInfo: orMissing(given.tcb_info, (text) => signedTextOf(text, 'tcb_info', 'tcbInfo')),
    tcbInfoSignature: orMissing(given.tcb_info_signature, binaryOf),
    tcbInfoChain: orMissing(given.tcb_info_issuer_chain, chainOf),
    qeIdentity: orMissing(given.qe_identity, (text) => signedTextOf(text, 'qe_identity', 'enclaveIdentity')),
    qeIdentitySignature: orMissing(given.qe_identity_signature, binaryOf),
    qeIdentityChain: orMissing(given.qe_identity_issuer_chain, chainOf),
    pckCrl: orMissing(given.pck_crl, crlOf),
    rootCaCrl: orMissing(given.root_ca_crl, crlOf),
  };
  const hasSome = Object.values(endorsements).some((part) => part !== null);
  must(hasSome, 'malformed', 'collateral: expected tcb_info, qe_identity, pck_crl and root_ca_crl, or some of them');
  parseAs(tdxEndorsements, endorsements, 'collateral');
  return endorsements;
}

function orMissing<G, V>(given: G | null | undefined, read: (given: G) => V): V | null {
  return given === null || given === undefined ? null : read(given);
}

/** The text that Intel signed: the member of its answer, and not the answer, which carries the signature beside it; without a C string's zero. */
function signedTextOf(text: string, name: string, member: string): string {
  const isAnswer = new RegExp(`^\\s*\\{\\s*"${member}"\\s*:`).test(text);
  const expected = `expected the member ${member} of Intel's answer as it was signed, and its signature in ${name}_signature`;
  must(!isAnswer, 'malformed', `collateral: ${name}: ${expected}, got the whole answer`);
  return withoutEnd(text);
}

function binaryOf(text: string): Base64url {
  return toBase64url(fromHex(text.toLowerCase()));
}

function crlOf(given: NonNullable<z.infer<typeof list>>): Base64url {
  const label = 'X509 CRL';
  const [crl, ...more] = typeof given === 'string' ? derOfText(given, label) : derOfFile(Uint8Array.from(given), label);
  must(crl !== undefined && more.length === 0, 'malformed', 'collateral: expected one list of revoked certificates');
  return toBase64url(crl);
}

function chainOf(text: string): Base64url[] {
  return derOfChainText(text).map(toBase64url);
}
