import { sha256 } from '@noble/hashes/sha2.js';
import type { TdxEndorsements } from '../../src/core/attest/tdx/endorsements.ts';
import type { TdxReferenceValues } from '../../src/core/attest/tdx/reference-values.ts';
import type { TdxReport } from '../../src/core/attest/tdx/report.ts';
import { concat, fromHex, toBase64url, u8, u16, u32, utf8 } from '../../src/core/bytes.ts';
import {
  basicConstraints,
  type CertificateFields,
  type CrlFields,
  extension,
  keyUsage,
  makeCertificate,
  makeCrl,
  name,
  oid,
  pem,
  publicKeyOf,
  signBy,
  type TestKey,
  testKey,
  tlv,
  utcTime,
} from '../core/x509/certificate-kit.ts';

/** A platform for tests: TD quotes of version 4 and 5, a PCK and DCAP collateral, under a root of its own. */

const COMMON_NAME = '2.5.4.3';
const SGX = '1.2.840.113741.1.13.1';
const [SINCE, UNTIL] = [utcTime('200101000000Z'), utcTime('400101000000Z')];

export const TDX_KEYS = {
  root: testKey('ES256', 0x31),
  authority: testKey('ES256', 0x32),
  pck: testKey('ES256', 0x33),
  tcbSigner: testKey('ES256', 0x34),
  attestation: testKey('ES256', 0x35),
  stranger: testKey('ES256', 0x36),
} as const;
export const TDX_SERIALS = { root: '01', authority: '02', pck: '03', tcbSigner: '04' } as const;

export const NAMES = {
  root: name({ [COMMON_NAME]: 'Test SGX Root CA' }),
  authority: name({ [COMMON_NAME]: 'Intel SGX PCK Platform CA' }),
  processor: name({ [COMMON_NAME]: 'Intel SGX PCK Processor CA' }),
  pck: name({ [COMMON_NAME]: 'Intel SGX PCK Certificate' }),
  tcbSigner: name({ [COMMON_NAME]: 'Intel SGX TCB Signing' }),
} as const;

const CERTIFIED = { notBefore: SINCE, notAfter: UNTIL } as const;
const AUTHORITY_EXTENSIONS = [basicConstraints(true), keyUsage(5, 6)];
const LEAF_EXTENSIONS = [basicConstraints(false), keyUsage(0)];

export interface PckFields {
  readonly ppid: string;
  readonly components: readonly number[];
  readonly pceSvn: number;
  readonly cpuSvn: string;
  readonly pceId: string;
  readonly fmspc: string;
  readonly sgxType: number;
  /** Both null: as under the processor CA. */
  readonly platformInstance: string | null;
  readonly flags: readonly boolean[] | null;
}

export const PCK: PckFields = {
  ppid: '0123456789abcdef0123456789abcdef',
  components: [3, 3, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0],
  pceSvn: 13,
  cpuSvn: '03030202040100050000000000000000',
  pceId: '0000',
  fmspc: '90c06f000000',
  sgxType: 1,
  platformInstance: 'ab'.repeat(16),
  flags: [true, false, true],
};

const entry = (type: string, value: Uint8Array): Uint8Array => tlv(0x30, oid(type), value);
const octets = (hex: string): Uint8Array => tlv(0x04, fromHex(hex));

/** A non-negative INTEGER in its shortest form. */
function integer(value: number): Uint8Array {
  const bytes = value < 0x100 ? u8(value) : u16(value);
  return tlv(0x02, (bytes[0] ?? 0) >= 0x80 ? concat(u8(0), bytes) : bytes);
}

/** The fields of the SGX extension, each a SEQUENCE of its own. */
export function sgxFields(pck: PckFields): Uint8Array[] {
  const svns = [...pck.components, pck.pceSvn].map((svn, i) => entry(`${SGX}.2.${i + 1}`, integer(svn)));
  const flags = (pck.flags ?? []).map((flag, i) => entry(`${SGX}.7.${i + 1}`, tlv(0x01, u8(flag ? 0xff : 0))));
  return [
    entry(`${SGX}.1`, octets(pck.ppid)),
    entry(`${SGX}.2`, tlv(0x30, ...svns, entry(`${SGX}.2.18`, octets(pck.cpuSvn)))),
    entry(`${SGX}.3`, octets(pck.pceId)),
    entry(`${SGX}.4`, octets(pck.fmspc)),
    entry(`${SGX}.5`, tlv(0x0a, u8(pck.sgxType))),
    ...(pck.platformInstance === null ? [] : [entry(`${SGX}.6`, octets(pck.platformInstance))]),
    ...(pck.flags === null ? [] : [entry(`${SGX}.7`, tlv(0x30, ...flags))]),
  ];
}

export const sgxExtension = (fields: readonly Uint8Array[]): Uint8Array => extension(SGX, tlv(0x30, ...fields));

/** A PCK certificate whose SGX extension holds these fields. */
export function makePck(fields: readonly Uint8Array[], changes: Partial<CertificateFields> = {}): Uint8Array {
  return makeCertificate({
    ...CERTIFIED,
    subject: NAMES.pck,
    issuer: NAMES.authority,
    key: TDX_KEYS.pck,
    signer: TDX_KEYS.authority,
    serial: TDX_SERIALS.pck,
    extensions: [...LEAF_EXTENSIONS, sgxExtension(fields)],
    ...changes,
  });
}

export function makeRoot(changes: Partial<CertificateFields> = {}): Uint8Array {
  const { root } = TDX_KEYS;
  return makeCertificate({
    ...CERTIFIED,
    subject: NAMES.root,
    issuer: NAMES.root,
    key: root,
    signer: root,
    serial: TDX_SERIALS.root,
    extensions: AUTHORITY_EXTENSIONS,
    ...changes,
  });
}

/** What reference values pin. */
export const TDX_ROOT: Uint8Array = makeRoot();

function underRoot(
  who: 'authority' | 'tcbSigner',
  extensions: readonly Uint8Array[],
  changes: Partial<CertificateFields>,
): Uint8Array {
  return makeCertificate({
    ...CERTIFIED,
    subject: NAMES[who],
    issuer: NAMES.root,
    key: TDX_KEYS[who],
    signer: TDX_KEYS.root,
    serial: TDX_SERIALS[who],
    extensions,
    ...changes,
  });
}

export const makeAuthority = (changes: Partial<CertificateFields> = {}): Uint8Array =>
  underRoot('authority', AUTHORITY_EXTENSIONS, changes);
export const makeTcbSigner = (changes: Partial<CertificateFields> = {}): Uint8Array =>
  underRoot('tcbSigner', LEAF_EXTENSIONS, changes);

const hex = (byte: string, length: number): string => byte.repeat(length);

/** Of the TD's report, in its order, hexadecimal. */
export const TD_BODY = {
  teeTcbSvn: '06010300000000000000000000000000',
  mrSeam: hex('5e', 48),
  mrSignerSeam: hex('00', 48),
  seamAttributes: hex('00', 8),
  tdAttributes: '0000001000000000',
  xfam: 'e702060000000000',
  mrTd: hex('11', 48),
  mrConfigId: hex('12', 48),
  mrOwner: hex('13', 48),
  mrOwnerConfig: hex('14', 48),
  rtmr0: hex('a0', 48),
  rtmr1: hex('a1', 48),
  rtmr2: hex('a2', 48),
  rtmr3: hex('a3', 48),
  reportData: hex('dd', 64),
};
const TD_BODY_15 = { teeTcbSvn2: '07010300000000000000000000000000', mrServiceTd: hex('00', 48) };

const HEADER = {
  version: 4,
  keyType: 2,
  teeType: 0x81,
  qeVendor: '939a7233f79c4ca9940a0db3957f0607',
  /** Of version 5 alone. */
  bodyType: 3,
};

const QE = {
  miscSelect: '00000000',
  attributes: '1500000000000000e700000000000000',
  mrEnclave: hex('ee', 32),
  mrSigner: hex('dc', 32),
  isvProdId: 2,
  isvSvn: 7,
  /** Null: what binds the attestation key. */
  reportData: null as string | null,
};

const MODULE = { mrsigner: hex('00', 48), attributes: hex('00', 8), attributesMask: hex('ff', 8) };
const DATES = { issueDate: '2020-01-01T00:00:00Z', nextUpdate: '2040-01-01T00:00:00Z', tcbEvaluationDataNumber: 18 };

/** What Intel may publish, and what it may not. */
export type Json = { [key: string]: unknown };

const svns = (...leading: number[]) => Array.from({ length: 16 }, (_, i) => ({ svn: leading[i] ?? 0 }));

export const platformLevelJson = (sgx: number[], pcesvn: number, tdx: number[], status: string, ...ids: string[]) => ({
  tcb: { sgxtcbcomponents: svns(...sgx), pcesvn, tdxtcbcomponents: svns(...tdx) },
  tcbDate: '2024-11-13T00:00:00Z',
  tcbStatus: status,
  ...(ids.length > 0 ? { advisoryIDs: ids } : {}),
});

export const enclaveLevelJson = (isvsvn: number, status: string, ...ids: string[]) => ({
  tcb: { isvsvn },
  tcbDate: '2024-11-13T00:00:00Z',
  tcbStatus: status,
  ...(ids.length > 0 ? { advisoryIDs: ids } : {}),
});

export const TCB_INFO = {
  id: 'TDX',
  version: 3,
  ...DATES,
  fmspc: '90C06F000000',
  pceId: '0000',
  tcbType: 0,
  tdxModule: MODULE,
  tdxModuleIdentities: [
    {
      id: 'TDX_01',
      ...MODULE,
      tcbLevels: [enclaveLevelJson(6, 'UpToDate'), enclaveLevelJson(4, 'OutOfDate', 'INTEL-SA-00003')],
    },
  ],
  tcbLevels: [
    platformLevelJson([3, 3, 2, 2, 4, 1, 0, 5], 13, [5, 0, 3], 'UpToDate'),
    platformLevelJson([2, 2, 2, 2, 3, 1, 0, 5], 13, [5, 0, 2], 'OutOfDate', 'INTEL-SA-00002', 'INTEL-SA-00001'),
    platformLevelJson([2, 2, 2, 2, 3, 1, 0, 5], 5, [5, 0, 2], 'Revoked'),
  ],
} satisfies Json;

export const QE_IDENTITY = {
  id: 'TD_QE',
  version: 2,
  ...DATES,
  miscselect: '00000000',
  miscselectMask: 'FFFFFFFF',
  attributes: '11000000000000000000000000000000',
  attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
  mrsigner: hex('DC', 32),
  isvprodid: 2,
  tcbLevels: [enclaveLevelJson(4, 'UpToDate'), enclaveLevelJson(2, 'OutOfDate', 'INTEL-SA-00004')],
} satisfies Json;

/** What breaks a rule: each field replaces that of a TD that passes. */
export interface TdxChanges {
  readonly header?: Partial<typeof HEADER>;
  readonly body?: Partial<typeof TD_BODY & typeof TD_BODY_15>;
  readonly qe?: Partial<typeof QE>;
  readonly pck?: Partial<PckFields>;
  /** Of the certificate around it. */
  readonly pckCertificate?: Partial<CertificateFields>;
  /** Above the PCK certificate, in DER: authority and root unless told. */
  readonly issuers?: readonly Uint8Array[];
  /** Who signs header and body, and who the QE report. */
  readonly quoteSigner?: TestKey;
  readonly qeSigner?: TestKey;
  /** What follows the chain's text, inside its length: a zero byte unless told. */
  readonly chainEnd?: string;
  readonly trailing?: Uint8Array;
  readonly tcbInfo?: Json;
  readonly qeIdentity?: Json;
  readonly tcbSigner?: Partial<CertificateFields>;
  /** The key that signs TCB info and QE identity. */
  readonly documentSigner?: TestKey;
  readonly rootCrl?: Partial<CrlFields>;
  readonly pckCrl?: Partial<CrlFields>;
}

const u16le = (value: number): Uint8Array => u16(value).reverse();
const u32le = (value: number): Uint8Array => u32(value).reverse();
const sized = (type: number, bytes: Uint8Array): Uint8Array => concat(u16le(type), u32le(bytes.length), bytes);
const zeros = (length: number): Uint8Array => new Uint8Array(length);

/** What the attestation key signs. */
function signedPart({ header, body }: TdxChanges): Uint8Array {
  const { version, keyType, teeType, qeVendor, bodyType } = { ...HEADER, ...header };
  const is15 = version === 5 && bodyType === 3;
  const fields = { ...TD_BODY, ...(is15 ? TD_BODY_15 : {}), ...body };
  const bytes = concat(...Object.values(fields).map(fromHex));
  const head = concat(u16le(version), u16le(keyType), u32le(teeType), zeros(4), fromHex(qeVendor), zeros(20));
  return concat(head, version === 5 ? sized(bodyType, bytes) : bytes);
}

function qeReport(qe: typeof QE, boundKey: Uint8Array): Uint8Array {
  return concat(
    zeros(16),
    fromHex(qe.miscSelect),
    zeros(28),
    fromHex(qe.attributes),
    fromHex(qe.mrEnclave),
    zeros(32),
    fromHex(qe.mrSigner),
    zeros(96),
    u16le(qe.isvProdId),
    u16le(qe.isvSvn),
    zeros(60),
    qe.reportData === null ? concat(sha256(boundKey), zeros(32)) : fromHex(qe.reportData),
  );
}

export function makeTdxQuote(changes: TdxChanges = {}): Uint8Array {
  const { attestation, pck } = TDX_KEYS;
  const { quoteSigner = attestation, qeSigner = pck, chainEnd = '\0', trailing = zeros(0) } = changes;
  const signed = signedPart(changes);
  const key = publicKeyOf(attestation).subarray(1);
  const authData = fromHex(hex('0a', 32));
  const report = qeReport({ ...QE, ...changes.qe }, concat(key, authData));
  const certificates = [
    makePck(sgxFields({ ...PCK, ...changes.pck }), changes.pckCertificate),
    ...(changes.issuers ?? [makeAuthority(), TDX_ROOT]),
  ];
  const chain = utf8(certificates.map((der) => pem('CERTIFICATE', der)).join('') + chainEnd);
  const auth = concat(u16le(authData.length), authData);
  const certification = concat(report, signBy(qeSigner, report), auth, sized(5, chain));
  const signatureData = concat(signBy(quoteSigner, signed), key, sized(6, certification));
  return concat(signed, u32le(signatureData.length), signatureData, trailing);
}

/** Every part is there. */
export type WholeTdxEndorsements = { [Part in keyof TdxEndorsements]: NonNullable<TdxEndorsements[Part]> };

export function makeTdxEndorsements(changes: TdxChanges = {}): WholeTdxEndorsements {
  const { documentSigner = TDX_KEYS.tcbSigner } = changes;
  const tcbInfo = JSON.stringify({ ...TCB_INFO, ...changes.tcbInfo });
  const qeIdentity = JSON.stringify({ ...QE_IDENTITY, ...changes.qeIdentity });
  const signature = (text: string) => toBase64url(signBy(documentSigner, utf8(text)));
  const chain = [makeTcbSigner(changes.tcbSigner), TDX_ROOT].map(toBase64url);
  const dates = { thisUpdate: SINCE, nextUpdate: UNTIL };
  const { root: rootKey, authority: authorityKey } = TDX_KEYS;
  return {
    tcbInfo,
    tcbInfoSignature: signature(tcbInfo),
    tcbInfoChain: chain,
    qeIdentity,
    qeIdentitySignature: signature(qeIdentity),
    qeIdentityChain: chain,
    pckCrl: toBase64url(makeCrl({ ...dates, issuer: NAMES.authority, signer: authorityKey, ...changes.pckCrl })),
    rootCaCrl: toBase64url(makeCrl({ ...dates, issuer: NAMES.root, signer: rootKey, ...changes.rootCrl })),
  };
}

export const TDX_IMAGE: TdxReferenceValues['images'][number] = {
  name: 'test image',
  mrTd: TD_BODY.mrTd,
  rtmr0: TD_BODY.rtmr0,
  rtmr1: TD_BODY.rtmr1,
  rtmr2: TD_BODY.rtmr2,
  rtmr3: TD_BODY.rtmr3,
  mrConfigId: null,
  mrOwner: null,
  mrOwnerConfig: null,
};

/** Reference values that the unchanged TD passes. */
export const TDX_REFERENCE_VALUES: TdxReferenceValues = {
  platform: 'tdx',
  roots: [toBase64url(TDX_ROOT)],
  images: [TDX_IMAGE],
  attributes: [TD_BODY.tdAttributes],
  xfams: [TD_BODY.xfam],
  septVeDisable: true,
  tcbStatuses: ['UpToDate'],
  minTcbEvaluationDataNumber: 18,
  chips: [PCK.ppid],
  graceMs: 0,
};

/** A quote and its collateral; `body.reportData` is what it binds. */
export function makeTdx(changes: TdxChanges = {}): { report: TdxReport; endorsements: WholeTdxEndorsements } {
  return {
    report: { platform: 'tdx', quote: toBase64url(makeTdxQuote(changes)) },
    endorsements: makeTdxEndorsements(changes),
  };
}
