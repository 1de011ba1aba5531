import { ByteReader } from '../../byte-reader.ts';
import { fromUtf8 } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import { type Layout, readLayout } from '../../layout.ts';
import { derOfPem } from '../../x509/pem.ts';

/** Certification data of these types: the quoting enclave's report with what certifies it; a chain in PEM. */
const QE_REPORT_CERTIFICATION = 6;
const PCK_CHAIN_CERTIFICATION = 5;
/** PCK certificate, its authority, and the root, which may be left out. */
const MAX_CHAIN = 3;

/** Body types of version 5, of TDX 1.0 and 1.5. A quote of version 4 has no field for it, and the first. */
const BODY_BYTES: Readonly<Record<number, number>> = { 2: 584, 3: 648 };

/**
 * The header of all versions (Intel TDX DCAP Quoting Library API, appendix A.3, "TD Quote Header"). Integers are
 * little-endian.
 */
const HEADER = {
  version: [0, 2, 'u16le'],
  keyType: [2, 2, 'u16le'],
  teeType: [4, 4, 'u32le'],
  reserved: [8, 4, 'unread'],
  qeVendor: [12, 16, 'bytes'],
  userData: [28, 20, 'bytes'],
} as const satisfies Layout;

/** The descriptor of version 5, after the header ("TD Quote Body Descriptor"). */
const BODY_DESCRIPTOR = { bodyType: [0, 2, 'u16le'], bodyBytes: [2, 4, 'u32le'] } as const satisfies Layout;

/** The body of TDX 1.0 ("TD Quote Body"). TDX 1.5 adds two fields. */
const BODY_1_0 = {
  teeTcbSvn: [0, 16, 'bytes'],
  mrSeam: [16, 48, 'bytes'],
  mrSignerSeam: [64, 48, 'bytes'],
  seamAttributes: [112, 8, 'bytes'],
  tdAttributes: [120, 8, 'bytes'],
  xfam: [128, 8, 'bytes'],
  mrTd: [136, 48, 'bytes'],
  mrConfigId: [184, 48, 'bytes'],
  mrOwner: [232, 48, 'bytes'],
  mrOwnerConfig: [280, 48, 'bytes'],
  rtmr0: [328, 48, 'bytes'],
  rtmr1: [376, 48, 'bytes'],
  rtmr2: [424, 48, 'bytes'],
  rtmr3: [472, 48, 'bytes'],
  reportData: [520, 64, 'bytes'],
} as const satisfies Layout;
const BODY_1_5 = {
  ...BODY_1_0,
  teeTcbSvn2: [584, 16, 'bytes'],
  mrServiceTd: [600, 48, 'bytes'],
} as const satisfies Layout;

/**
 * After the body and four bytes of length ("ECDSA 256-bit Quote Signature Data Structure"); certification data follows.
 */
const SIGNATURE_DATA = { signature: [0, 64, 'bytes'], attestationKey: [64, 64, 'bytes'] } as const satisfies Layout;

/** Before data of so many bytes ("QE Certification Data"). */
const CERTIFICATION = { type: [0, 2, 'u16le'], bytes: [2, 4, 'u32le'] } as const satisfies Layout;

/** "QE Report Certification Data"; authentication data of so many bytes, and more certification data, follow. */
const QE_CERTIFICATION = {
  qeReportBytes: [0, 384, 'bytes'],
  qeSignature: [384, 64, 'bytes'],
  qeAuthDataBytes: [448, 2, 'u16le'],
} as const satisfies Layout;

/** The quoting enclave's report, which is an SGX report. Reserved fields are signed, and left to later versions. */
const QE_REPORT = {
  cpuSvn: [0, 16, 'unread'],
  miscSelect: [16, 4, 'bytes'],
  reserved1: [20, 28, 'unread'],
  attributes: [48, 16, 'bytes'],
  mrEnclave: [64, 32, 'bytes'],
  reserved2: [96, 32, 'unread'],
  mrSigner: [128, 32, 'bytes'],
  reserved3: [160, 96, 'unread'],
  isvProdId: [256, 2, 'u16le'],
  isvSvn: [258, 2, 'u16le'],
  reserved4: [260, 60, 'unread'],
  reportData: [320, 64, 'bytes'],
} as const satisfies Layout;

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
  const { version, reserved: _, ...header } = readLayout(reader, HEADER);
  if (version !== 4 && version !== 5) {
    throw new TwinlockError('unsupported_version', `TDX quote: expected version 4 or 5, got ${version}`);
  }
  const bodyType = version === 4 ? 2 : readBodyType(reader);
  const body = readBody(reader, bodyType);
  const signed = quote.subarray(0, reader.offset);
  const signatureData = readSignatureData(reader.bytes(reader.u32le()));
  return { version, ...header, bodyType, body, signed, ...signatureData, trailingBytes: reader.remaining };
}

function readBodyType(reader: ByteReader): number {
  const { bodyType, bodyBytes } = readLayout(reader, BODY_DESCRIPTOR);
  const expected = BODY_BYTES[bodyType];
  must(expected !== undefined, 'malformed', `TDX quote: expected a body of type 2 or 3, got ${bodyType}`);
  must(bodyBytes === expected, 'malformed', `TDX quote: expected a body of ${expected} bytes, got ${bodyBytes}`);
  return bodyType;
}

function readBody(reader: ByteReader, bodyType: number): TdReport {
  if (bodyType === 3) return readLayout(reader, BODY_1_5);
  return { ...readLayout(reader, BODY_1_0), teeTcbSvn2: null, mrServiceTd: null };
}

function readSignatureData(bytes: Uint8Array) {
  const reader = new ByteReader(bytes, 'TDX quote, signature data');
  const signed = readLayout(reader, SIGNATURE_DATA);
  const certification = readCertification(reader, QE_REPORT_CERTIFICATION, 'certification data');
  reader.end();
  return { ...signed, ...readQeCertification(certification) };
}

function readQeCertification(bytes: Uint8Array) {
  const reader = new ByteReader(bytes, 'TDX quote, certification data');
  const { qeReportBytes, qeSignature, qeAuthDataBytes } = readLayout(reader, QE_CERTIFICATION);
  const qeAuthData = reader.bytes(qeAuthDataBytes);
  const chain = readCertification(reader, PCK_CHAIN_CERTIFICATION, 'certification data of the QE');
  reader.end();
  return {
    qeReport: readLayout(new ByteReader(qeReportBytes, 'TDX quote, QE report'), QE_REPORT),
    qeReportBytes,
    qeSignature,
    qeAuthData,
    ...readChain(chain),
  };
}

function readCertification(reader: ByteReader, expected: number, what: string): Uint8Array {
  const { type, bytes } = readLayout(reader, CERTIFICATION);
  must(type === expected, 'malformed', `TDX quote: expected ${what} of type ${expected}, got ${type}`);
  return reader.bytes(bytes);
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
