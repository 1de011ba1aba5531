import { fromUtf8 } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import { derOfPem } from '../../x509/pem.ts';
import { ByteReader } from '../kit/byte-reader.ts';

const TD_REPORT_10_BYTES = 584;
const TD_REPORT_15_BYTES = 648;
const SIGNATURE_BYTES = 64;
const KEY_BYTES = 64;
const QE_REPORT_BYTES = 384;
/** Certification data: the quoting enclave's report with what certifies it; a chain in PEM. */
const QE_REPORT_CERTIFICATION = 6;
const PCK_CHAIN_CERTIFICATION = 5;
/** PCK certificate, its authority, and the root, which may be left out. */
const MAX_CHAIN = 3;

/** Body types of version 5; version 4 has no field for it, and the first. */
const BODY_BYTES: Readonly<Record<number, number>> = { 2: TD_REPORT_10_BYTES, 3: TD_REPORT_15_BYTES };

/** What a TDX module says of the TD it runs. Lengths in bytes; all of it as the report has it, little-endian. */
export interface TdReport {
  /** 16. When the TD was launched. */
  readonly teeTcbSvn: Uint8Array;
  /** 48. */
  readonly mrSeam: Uint8Array;
  /** 48; zeros for a module of Intel's. */
  readonly mrSignerSeam: Uint8Array;
  /** 8. */
  readonly seamAttributes: Uint8Array;
  /** 8. */
  readonly tdAttributes: Uint8Array;
  /** 8. */
  readonly xfam: Uint8Array;
  /** 48. */
  readonly mrTd: Uint8Array;
  /** 48. */
  readonly mrConfigId: Uint8Array;
  /** 48. */
  readonly mrOwner: Uint8Array;
  /** 48. */
  readonly mrOwnerConfig: Uint8Array;
  /** 48 each. */
  readonly rtmr0: Uint8Array;
  readonly rtmr1: Uint8Array;
  readonly rtmr2: Uint8Array;
  readonly rtmr3: Uint8Array;
  /** 64. */
  readonly reportData: Uint8Array;
  /** 16, now; null before TDX 1.5. */
  readonly teeTcbSvn2: Uint8Array | null;
  /** 48; zeros where no service TD is bound, null before TDX 1.5. */
  readonly mrServiceTd: Uint8Array | null;
}

/** The fields of the quoting enclave's SGX report that rules are about. */
export interface QeReport {
  /** 4. */
  readonly miscSelect: Uint8Array;
  /** 16. */
  readonly attributes: Uint8Array;
  /** 32. */
  readonly mrEnclave: Uint8Array;
  /** 32. */
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  /** 64. */
  readonly reportData: Uint8Array;
}

export interface TdxQuote {
  readonly version: 4 | 5;
  readonly keyType: number;
  readonly teeType: number;
  /** 16. */
  readonly qeVendor: Uint8Array;
  /** 20, of the quoting enclave. */
  readonly userData: Uint8Array;
  /** 2 for TDX 1.0, 3 for TDX 1.5. */
  readonly bodyType: number;
  readonly body: TdReport;
  /** Header and body, whole: what the attestation key signs. */
  readonly signed: Uint8Array;
  /** 64, r ‖ s, big-endian. */
  readonly signature: Uint8Array;
  /** 64, x ‖ y, big-endian. */
  readonly attestationKey: Uint8Array;
  readonly qeReport: QeReport;
  /** 384: what the PCK certificate's key signs. */
  readonly qeReportBytes: Uint8Array;
  /** 64. */
  readonly qeSignature: Uint8Array;
  readonly qeAuthData: Uint8Array;
  /** Certificates in DER, the PCK certificate first. */
  readonly pck: Uint8Array;
  /** Those above it, nearest first. */
  readonly pckIssuers: readonly Uint8Array[];
  /** Bytes after the signature data: what platforms leave of their buffers. Unsigned, and never read. */
  readonly trailingBytes: number;
}

/**
 * Parses an attacker-controlled TD quote of version 4 or 5 (Intel TDX DCAP Quoting Library API, appendix A.3;
 * FORMAT.md). Every length must be exact, but what follows the signature data is ignored. Throws
 * `unsupported_version` for other versions (3 is of SGX), and `malformed`, naming field and offset.
 */
export function parseTdxQuote(quote: Uint8Array): TdxQuote {
  const reader = new ByteReader(quote, 'TDX quote');
  const version = reader.u16le();
  if (version !== 4 && version !== 5) {
    throw new TwinlockError('unsupported_version', `TDX quote: expected version 4 or 5, got ${version}`);
  }
  const keyType = reader.u16le();
  const teeType = reader.u32le();
  reader.skip(4); // reserved, signed
  const qeVendor = reader.bytes(16);
  const userData = reader.bytes(20);
  const bodyType = version === 4 ? 2 : readBodyType(reader);
  const body = readBody(reader, bodyType);
  const signed = quote.subarray(0, reader.offset);
  const signatureData = reader.bytes(reader.u32le());
  const header = { version, keyType, teeType, qeVendor, userData, bodyType } as const;
  return { ...header, body, signed, ...readSignatureData(signatureData), trailingBytes: reader.remaining };
}

function readBodyType(reader: ByteReader): number {
  const bodyType = reader.u16le();
  const bodyBytes = reader.u32le();
  const expected = BODY_BYTES[bodyType];
  must(expected !== undefined, 'malformed', `TDX quote: expected a body of type 2 or 3, got ${bodyType}`);
  must(bodyBytes === expected, 'malformed', `TDX quote: expected a body of ${expected} bytes, got ${bodyBytes}`);
  return bodyType;
}

function readBody(reader: ByteReader, bodyType: number): TdReport {
  return {
    teeTcbSvn: reader.bytes(16),
    mrSeam: reader.bytes(48),
    mrSignerSeam: reader.bytes(48),
    seamAttributes: reader.bytes(8),
    tdAttributes: reader.bytes(8),
    xfam: reader.bytes(8),
    mrTd: reader.bytes(48),
    mrConfigId: reader.bytes(48),
    mrOwner: reader.bytes(48),
    mrOwnerConfig: reader.bytes(48),
    rtmr0: reader.bytes(48),
    rtmr1: reader.bytes(48),
    rtmr2: reader.bytes(48),
    rtmr3: reader.bytes(48),
    reportData: reader.bytes(64),
    teeTcbSvn2: bodyType === 3 ? reader.bytes(16) : null,
    mrServiceTd: bodyType === 3 ? reader.bytes(48) : null,
  };
}

function readSignatureData(bytes: Uint8Array) {
  const reader = new ByteReader(bytes, 'TDX quote, signature data');
  const signature = reader.bytes(SIGNATURE_BYTES);
  const attestationKey = reader.bytes(KEY_BYTES);
  const certification = readCertification(reader, QE_REPORT_CERTIFICATION, 'certification data');
  reader.end();
  return { signature, attestationKey, ...readQeCertification(certification) };
}

function readQeCertification(bytes: Uint8Array) {
  const reader = new ByteReader(bytes, 'TDX quote, certification data');
  const qeReportBytes = reader.bytes(QE_REPORT_BYTES);
  const qeSignature = reader.bytes(SIGNATURE_BYTES);
  const qeAuthData = reader.bytes(reader.u16le());
  const chain = readCertification(reader, PCK_CHAIN_CERTIFICATION, 'certification data of the QE');
  reader.end();
  return { qeReport: readQeReport(qeReportBytes), qeReportBytes, qeSignature, qeAuthData, ...readChain(chain) };
}

function readCertification(reader: ByteReader, expected: number, what: string): Uint8Array {
  const type = reader.u16le();
  must(type === expected, 'malformed', `TDX quote: expected ${what} of type ${expected}, got ${type}`);
  return reader.bytes(reader.u32le());
}

/** Reserved fields are signed, and left to later versions of the report. */
function readQeReport(bytes: Uint8Array): QeReport {
  const reader = new ByteReader(bytes, 'TDX quote, QE report');
  reader.skip(16);
  const miscSelect = reader.bytes(4);
  reader.skip(28);
  const attributes = reader.bytes(16);
  const mrEnclave = reader.bytes(32);
  reader.skip(32);
  const mrSigner = reader.bytes(32);
  reader.skip(96);
  const isvProdId = reader.u16le();
  const isvSvn = reader.u16le();
  reader.skip(60);
  const reportData = reader.bytes(64);
  reader.end();
  return { miscSelect, attributes, mrEnclave, mrSigner, isvProdId, isvSvn, reportData };
}

/** Some platforms end the text with the zero byte of a C string, others do not. */
function readChain(bytes: Uint8Array): Pick<TdxQuote, 'pck' | 'pckIssuers'> {
  const text = fromUtf8(bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes);
  const [pck, ...pckIssuers] = derOfPem(text, 'CERTIFICATE');
  if (pck === undefined || pckIssuers.length >= MAX_CHAIN) {
    throw new TwinlockError('malformed', `TDX quote: expected a chain of 1 to ${MAX_CHAIN} certificates`);
  }
  return { pck, pckIssuers };
}
