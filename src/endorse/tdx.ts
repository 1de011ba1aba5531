import * as z from 'zod/mini';
import { type Dated, parseQeIdentity, parseTcbInfo } from '../core/attest/tdx/collateral.ts';
import { tdxEndorsementsOfPcs } from '../core/attest/tdx/collateral-json.ts';
import { type TdxEndorsements, tdxEndorsements } from '../core/attest/tdx/endorsements.ts';
import type { TdxNeeds } from '../core/attest/tdx/needs.ts';
import { fromBase64url, fromHex, fromUtf8, toBase64url, utf8 } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { parseAs } from '../core/schema.ts';
import { type Crl, parseCrl } from '../core/x509/crl.ts';
import { derOfPem } from '../core/x509/pem.ts';
import { orNull } from './attempt.ts';
import { crlDates } from './crl-dates.ts';
import type { Answer, Dates, Wanted } from './wanted.ts';

/** A caching service answers the list in hexadecimal, as text; DER begins with the byte 30, which is no `3`. */
const HEX_TEXT = /^30[0-9a-fA-F]+\s*$/;
const DER_SEQUENCE = 0x30;

/**
 * A part of TCB collateral. Intel issues each on its own, so each is looked for on its own: the newest of one must
 * not bring an old one of another with it.
 */
interface WantedPart<V> extends Wanted<V> {
  of(collateral: TdxEndorsements): V | null;
}

/** What is signed, to the byte, with the signature and its chain: they travel together. */
const signedSchema = z.strictObject({
  text: tdxEndorsements.shape.tcbInfo,
  signature: tdxEndorsements.shape.tcbInfoSignature,
  chain: tdxEndorsements.shape.tcbInfoChain,
});
type Signed = z.infer<typeof signedSchema>;
interface SignedDocument extends Signed {
  readonly dates: Dates;
}

interface Collateral {
  readonly tcbInfo: WantedPart<SignedDocument>;
  readonly qeIdentity: WantedPart<SignedDocument>;
  readonly pckCrl: WantedPart<Crl>;
  readonly rootCaCrl: WantedPart<Crl>;
}

/** TCB collateral for a platform family, in parts, of Intel's Provisioning Certification Service, version 4. */
export function wantedCollateral({ fmspc, ca }: TdxNeeds): Collateral {
  const whole = `tdx/${fmspc}-${ca}.json`;
  return {
    tcbInfo: wantedDocument({
      what: `the TCB info of FMSPC ${fmspc}`,
      files: [`tdx/tcb-info-${fmspc}.json`, whole],
      path: `tdx/certification/v4/tcb?fmspc=${fmspc}`,
      member: 'tcbInfo',
      chainHeader: 'TCB-Info-Issuer-Chain',
      of: ({ tcbInfo: text, tcbInfoSignature: signature, tcbInfoChain: chain }) => ({ text, signature, chain }),
      parse(text) {
        const info = parseTcbInfo(text);
        must(info.fmspc === fmspc, 'malformed', `expected the TCB info of ${fmspc}, got that of ${info.fmspc}`);
        return info;
      },
    }),
    qeIdentity: wantedDocument({
      what: 'the identity of the TD quoting enclave',
      files: ['tdx/qe-identity.json', whole],
      path: 'tdx/certification/v4/qe/identity',
      member: 'enclaveIdentity',
      chainHeader: 'SGX-Enclave-Identity-Issuer-Chain',
      of: ({ qeIdentity: text, qeIdentitySignature: signature, qeIdentityChain: chain }) => ({
        text,
        signature,
        chain,
      }),
      parse: parseQeIdentity,
    }),
    pckCrl: wantedList({
      what: `the list of what the ${ca} CA revoked`,
      files: [`tdx/pck-${ca}.crl`, whole],
      path: `sgx/certification/v4/pckcrl?ca=${ca}&encoding=der`,
      of: ({ pckCrl }) => pckCrl,
    }),
    rootCaCrl: wantedList({
      what: "the list of what Intel's root CA revoked",
      files: ['tdx/root-ca.crl', whole],
      path: 'sgx/certification/v4/rootcacrl',
      of: ({ rootCaCrl }) => rootCaCrl,
    }),
  };
}

/** What is asked for and where it lies: first on its own, then in a file of all four parts. */
interface Place {
  readonly what: string;
  readonly files: readonly [string, string];
  readonly path: string;
}

interface DocumentPlace extends Place {
  readonly member: string;
  readonly chainHeader: string;
  of(collateral: TdxEndorsements): Signed;
  /** Throws `malformed` where the text is not what is wanted. */
  parse(text: string): Dated & { readonly tcbEvaluationDataNumber: number };
}

function wantedDocument(place: DocumentPlace): WantedPart<SignedDocument> {
  const { what, files, path, member, chainHeader } = place;
  const dated = (signed: Signed): SignedDocument => {
    const { tcbEvaluationDataNumber: edition, issueDate: issuedMs, nextUpdate: endsMs } = place.parse(signed.text);
    return { ...signed, dates: { edition, issuedMs, endsMs } };
  };
  return {
    ...{ what, files, question: files[0], isReissued: true },
    fetch: (get) =>
      get.has('intel') ? get('intel', path).then((answer) => signedBytes(answer, member, chainHeader)) : null,
    of: (collateral) => orNull(() => dated(place.of(collateral))),
    parse: (bytes) =>
      orNull(() => dated(parseAs(signedSchema, parseJson(fromUtf8(bytes)), what))) ??
      orNull(() => dated(place.of(tdxEndorsementsOfPcs(fromUtf8(bytes))))),
    dates: ({ dates }) => dates,
  };
}

interface ListPlace extends Place {
  of(collateral: TdxEndorsements): string;
}

function wantedList(place: ListPlace): WantedPart<Crl> {
  const { what, files, path } = place;
  const of = (collateral: TdxEndorsements) => parseCrl(fromBase64url(place.of(collateral)));
  return {
    ...{ what, files, question: files[0], isReissued: true },
    fetch: (get) => (get.has('intel') ? get('intel', path).then(derOfAnswer) : null),
    of: (collateral) => orNull(() => of(collateral)),
    parse: (bytes) =>
      orNull(() => (bytes[0] === DER_SEQUENCE ? parseCrl(bytes) : of(tdxEndorsementsOfPcs(fromUtf8(bytes))))),
    dates: crlDates,
  };
}

/** The newest parts as one. */
export function collateralOf(
  tcbInfo: SignedDocument,
  qeIdentity: SignedDocument,
  lists: { readonly pckCrl: Crl; readonly rootCaCrl: Crl },
): TdxEndorsements {
  return {
    tcbInfo: tcbInfo.text,
    tcbInfoSignature: tcbInfo.signature,
    tcbInfoChain: tcbInfo.chain,
    qeIdentity: qeIdentity.text,
    qeIdentitySignature: qeIdentity.signature,
    qeIdentityChain: qeIdentity.chain,
    pckCrl: toBase64url(lists.pckCrl.der),
    rootCaCrl: toBase64url(lists.rootCaCrl.der),
  };
}

/** The signature is over the member's exact text, so it is cut out and never parsed and written again. */
function signedBytes(answer: Answer, member: string, chainHeader: string): Uint8Array {
  const match = new RegExp(`^\\{"${member}":(\\{.*\\}),"signature":"([0-9a-fA-F]{128})"\\}\\s*$`, 's').exec(
    fromUtf8(answer.bytes),
  );
  must(match !== null, 'unavailable', `the mirror's answer has no ${member} with its signature`);
  const [, text = '', signature = ''] = match;
  const signed: Signed = {
    text,
    signature: toBase64url(fromHex(signature.toLowerCase())),
    chain: derOfPem(chainText(answer, chainHeader), 'CERTIFICATE').map(toBase64url),
  };
  return utf8(JSON.stringify(signed));
}

/** PEM, percent-encoded. */
function chainText(answer: Answer, name: string): string {
  const value = answer.header(name);
  must(value !== null && /^[\x21-\x7e]*$/.test(value), 'unavailable', `the mirror's answer has no header ${name}`);
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // what is not encoded as said will not parse as PEM
  }
}

function derOfAnswer({ bytes }: Answer): Uint8Array {
  const text = new TextDecoder('latin1').decode(bytes);
  return HEX_TEXT.test(text) ? fromHex(text.trim().toLowerCase()) : bytes;
}
