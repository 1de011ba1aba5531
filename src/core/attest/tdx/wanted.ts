import { type Base64url, fromBase64url, fromHex, fromUtf8, toBase64url, utf8 } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import { parseAs } from '../../schema.ts';
import { type Crl, parseCrl } from '../../x509/crl.ts';
import { derOfChainText, oneDerOfFile } from '../../x509/der-text.ts';
import { type Ask, crlDates, type Dates, type MirrorAnswer, parsedOrNull, type Wanted } from '../kit/wanted.ts';
import { type Dated, parseQeIdentity, parseTcbInfo } from './collateral.ts';
import { tdxEndorsementsOfPcs } from './collateral-json.ts';
import {
  qeIdentityOf,
  type SignedDocument as Signed,
  signedDocument,
  type TdxEndorsements,
  tcbInfoOf,
} from './endorsements.ts';
import type { TdxNeeds } from './needs.ts';

/**
 * A part of TCB collateral. Intel issues each on its own, so each is looked for on its own: the newest of one must
 * not bring an old one of another with it.
 */
interface WantedPart<V> extends Wanted<V> {
  of(collateral: TdxEndorsements): V | null;
}

interface DatedDocument extends Signed {
  readonly dates: Dates;
}

interface WantedCollateral {
  readonly tcbInfo: WantedPart<DatedDocument>;
  readonly qeIdentity: WantedPart<DatedDocument>;
  readonly pckCrl: WantedPart<Crl>;
  readonly rootCaCrl: WantedPart<Crl>;
}

/** At the root certificate's own CRL distribution point, https://certificates.trustedservices.intel.com. */
const ROOT_CRL_PATH = 'IntelSGXRootCA.der';
const ROOT_CRL_OF_CACHE = 'sgx/certification/v4/rootcacrl';

/** Intel's own service has no such list, caching services (PCCS) do: they are asked where the other mirror has none. */
const ROOT_LIST: readonly Ask[] = [
  { vendor: 'intel-certificates', path: ROOT_CRL_PATH },
  { vendor: 'intel', path: ROOT_CRL_OF_CACHE },
];

/** TCB collateral for a platform family, in parts, of Intel's Provisioning Certification Service, version 4. */
export function wantedCollateral({ fmspc, ca }: TdxNeeds): WantedCollateral {
  const whole = `tdx/${fmspc}-${ca}.json`;
  return {
    tcbInfo: wantedDocument({
      what: `the TCB info of FMSPC ${fmspc}`,
      files: [`tdx/tcb-info-${fmspc}.json`, whole],
      path: `tdx/certification/v4/tcb?fmspc=${fmspc}`,
      member: 'tcbInfo',
      chainHeader: 'TCB-Info-Issuer-Chain',
      of: tcbInfoOf,
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
      of: qeIdentityOf,
      parse: parseQeIdentity,
    }),
    pckCrl: wantedList({
      what: `the list of what the ${ca} CA revoked`,
      files: [`tdx/pck-${ca}.crl`, whole],
      asks: [{ vendor: 'intel', path: `sgx/certification/v4/pckcrl?ca=${ca}&encoding=der` }],
      of: ({ pckCrl }) => pckCrl,
    }),
    rootCaCrl: wantedList({
      what: "the list of what Intel's root CA revoked",
      files: ['tdx/root-ca.crl', whole],
      asks: ROOT_LIST,
      of: ({ rootCaCrl }) => rootCaCrl,
    }),
  };
}

/** What is asked for and where it lies: first on its own, then in a file of all four parts. */
interface Place {
  readonly what: string;
  readonly files: readonly [string, string];
}

interface DocumentPlace extends Place {
  readonly path: string;
  readonly member: string;
  readonly chainHeader: string;
  of(collateral: TdxEndorsements): Signed | null;
  /** Throws `malformed` where the text is not what is wanted. */
  parse(text: string): Dated & { readonly tcbEvaluationDataNumber: number };
}

function wantedDocument(place: DocumentPlace): WantedPart<DatedDocument> {
  const { what, files, path, member, chainHeader } = place;
  const dated = (signed: Signed | null): DatedDocument | null => {
    if (signed === null) return null;
    const { tcbEvaluationDataNumber: edition, issueDate: issuedMs, nextUpdate: endsMs } = place.parse(signed.text);
    return { ...signed, dates: { edition, issuedMs, endsMs } };
  };
  return {
    ...{ what, files, question: files[0], isReissued: true },
    asks: [{ vendor: 'intel', path }],
    fileOf: (answer) => signedBytes(answer, member, chainHeader),
    of: (collateral) => parsedOrNull(() => dated(place.of(collateral))),
    parse: (bytes) =>
      parsedOrNull(() => dated(parseAs(signedDocument, parseJson(fromUtf8(bytes)), what))) ??
      parsedOrNull(() => dated(place.of(tdxEndorsementsOfPcs(fromUtf8(bytes))))),
    dates: ({ dates }) => dates,
  };
}

interface ListPlace extends Place {
  readonly asks: readonly Ask[];
  of(collateral: TdxEndorsements): string | null;
}

function wantedList(place: ListPlace): WantedPart<Crl> {
  const { what, files } = place;
  const of = (collateral: TdxEndorsements) => {
    const der = place.of(collateral);
    return der === null ? null : parseCrl(fromBase64url(der));
  };
  return {
    ...{ what, files, question: files[0], isReissued: true },
    asks: place.asks,
    fileOf: ({ bytes }) => bytes,
    of: (collateral) => parsedOrNull(() => of(collateral)),
    parse: (bytes) =>
      parsedOrNull(() => parseCrl(oneDerOfFile(bytes, 'X509 CRL'))) ??
      parsedOrNull(() => of(tdxEndorsementsOfPcs(fromUtf8(bytes)))),
    dates: crlDates,
  };
}

interface Found {
  readonly tcbInfo: Signed | null;
  readonly qeIdentity: Signed | null;
  readonly pckCrl: Crl | null;
  readonly rootCaCrl: Crl | null;
}

/** The parts that were found as one, each other as it was offered; null where no source has any. */
export function collateralOf(found: Found, offered: TdxEndorsements | null): TdxEndorsements | null {
  if (offered === null && Object.values(found).every((part) => part === null)) return null;
  const tcbInfo = found.tcbInfo ?? (offered === null ? null : tcbInfoOf(offered));
  const qeIdentity = found.qeIdentity ?? (offered === null ? null : qeIdentityOf(offered));
  const list = (crl: Crl | null, other: string | undefined | null) =>
    crl === null ? (other ?? null) : toBase64url(crl.der);
  return {
    tcbInfo: tcbInfo?.text ?? null,
    tcbInfoSignature: tcbInfo?.signature ?? null,
    tcbInfoChain: tcbInfo?.chain ?? null,
    qeIdentity: qeIdentity?.text ?? null,
    qeIdentitySignature: qeIdentity?.signature ?? null,
    qeIdentityChain: qeIdentity?.chain ?? null,
    pckCrl: list(found.pckCrl, offered?.pckCrl),
    rootCaCrl: list(found.rootCaCrl, offered?.rootCaCrl),
  };
}

/** The signature is over the member's exact text, so it is cut out and never parsed and written again. */
function signedBytes(answer: MirrorAnswer, member: string, chainHeader: string): Uint8Array {
  const match = new RegExp(`^\\{"${member}":(\\{.*\\}),"signature":"([0-9a-fA-F]{128})"\\}\\s*$`, 's').exec(
    fromUtf8(answer.bytes),
  );
  must(match !== null, 'unavailable', `the mirror's answer has no ${member} with its signature`);
  const [, text = '', signature = ''] = match;
  const signed: Signed = {
    text,
    signature: toBase64url(fromHex(signature.toLowerCase())),
    chain: chainOf(answer, chainHeader),
  };
  return utf8(JSON.stringify(signed));
}

/** PEM, percent-encoded. */
function chainOf(answer: MirrorAnswer, name: string): Base64url[] {
  const value = answer.header(name);
  must(value !== null && /^[\x21-\x7e]*$/.test(value), 'unavailable', `the mirror's answer has no header ${name}`);
  return derOfChainText(value).map(toBase64url);
}
