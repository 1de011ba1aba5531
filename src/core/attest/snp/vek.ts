import { fromUtf8 } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import { readElement, readUnsigned } from '../../signature/der.ts';
import { IA5_STRING } from '../../signature/der-form.ts';
import { type Certificate, parseCertificate } from '../../x509/certificate.ts';
import { hasFmc, type SnpProduct, type Tcb } from './tcb.ts';

/** Who vouches for the platform: the chip's own key, or one that a cloud has loaded into it. */
export type SnpSigner = 'vcek' | 'vlek';

/** AMD 57230 section 3.1, tables of the certificates' extensions. */
const OID = '1.3.6.1.4.1.3704.1';
const EXTENSION = {
  structVersion: `${OID}.1`,
  product: `${OID}.2`,
  bootLoader: `${OID}.3.1`,
  tee: `${OID}.3.2`,
  snp: `${OID}.3.3`,
  microcode: `${OID}.3.8`,
  fmc: `${OID}.3.9`,
  hwid: `${OID}.4`,
  cspId: `${OID}.5`,
} as const;
/** The components that the structure reserves: a report has zeros there. */
const RESERVED = ['4', '5', '6', '7'].map((arc) => `${OID}.3.${arc}`);

/** The names that certificates give processors, each with the product whose ARK it is under. */
const PRODUCT_OF_NAME: ReadonlyMap<string, SnpProduct> = new Map([
  ['Milan', 'Milan'],
  ['Genoa', 'Genoa'],
  ['Siena', 'Genoa'],
  ['Turin', 'Turin'],
  ['Venice', 'Venice'],
]);
/** A stepping may follow the name: Milan-B0. */
export const VEK_PRODUCT_NAME = new RegExp(`(${[...PRODUCT_OF_NAME.keys()].join('|')})(?:-[A-Z0-9]{1,8})?`);
const WHOLE_PRODUCT_NAME = new RegExp(`^${VEK_PRODUCT_NAME.source}$`);
const TEXT_CHARACTERS_MAX = 256;
const PRINTABLE = /^[\x20-\x7e]+$/;

/** A VCEK or VLEK: the key that signs reports, and the firmware that it exists for. */
export interface Vek {
  readonly certificate: Certificate;
  readonly signer: SnpSigner;
  readonly product: SnpProduct;
  /** The product with its stepping, as the certificate says it. */
  readonly productName: string;
  readonly tcb: Tcb;
  /** The HWID of a VCEK: 64 bytes, 8 for Turin and Venice. Null for a VLEK. */
  readonly hwid: Uint8Array | null;
  /** The name of the cloud in a VLEK. Null for a VCEK. */
  readonly cspId: string | null;
}

/**
 * Parses an attacker-controlled VCEK or VLEK certificate and its extensions (AMD 57230). The vendor gives all of
 * them the serial number 0, and no key usage. Throws as `parseCertificate`, `malformed` for an extension that is
 * missing or not as specified, `unsupported_version` for another structure of them, and `invalid_key` for a key
 * that is not of P-384.
 */
export function parseVek(der: Uint8Array): Vek {
  const certificate = parseCertificate(der);
  must(certificate.key.family === 'P-384', 'invalid_key', `expected a VEK of P-384, got ${certificate.key.family}`);
  const structVersion = integer(certificate, EXTENSION.structVersion);
  must(structVersion <= 1, 'unsupported_version', `expected VEK extensions of version 0 or 1, got ${structVersion}`);
  const productName = text(certificate, EXTENSION.product);
  const product = PRODUCT_OF_NAME.get(WHOLE_PRODUCT_NAME.exec(productName)?.[1] ?? '');
  must(product !== undefined, 'malformed', 'expected the VEK of a product that is known');
  return { certificate, product, productName, tcb: tcbOf(certificate, product), ...identityOf(certificate, product) };
}

function tcbOf(certificate: Certificate, product: SnpProduct): Tcb {
  for (const oid of RESERVED) {
    const isZero = !certificate.extensions.has(oid) || integer(certificate, oid) === 0;
    must(isZero, 'malformed', `expected zero in VEK extension ${oid}, which is reserved`);
  }
  const isThere = certificate.extensions.has(EXTENSION.fmc);
  const expected = hasFmc(product) ? 'the' : 'no';
  must(isThere === hasFmc(product), 'malformed', `expected ${expected} version of the FMC in a VEK of ${product}`);
  return {
    fmc: isThere ? integer(certificate, EXTENSION.fmc) : null,
    bootLoader: integer(certificate, EXTENSION.bootLoader),
    tee: integer(certificate, EXTENSION.tee),
    snp: integer(certificate, EXTENSION.snp),
    microcode: integer(certificate, EXTENSION.microcode),
  };
}

/** A VCEK names its chip, a VLEK the cloud that it was issued to: neither has both. */
function identityOf(certificate: Certificate, product: SnpProduct): Pick<Vek, 'signer' | 'hwid' | 'cspId'> {
  const isVcek = certificate.extensions.has(EXTENSION.hwid);
  const isVlek = certificate.extensions.has(EXTENSION.cspId);
  must(isVcek !== isVlek, 'malformed', 'expected a VEK with either a HWID or a CSP id');
  if (isVlek) return { signer: 'vlek', hwid: null, cspId: text(certificate, EXTENSION.cspId) };
  // Raw bytes, and not DER inside the OCTET STRING as the others are.
  const hwid = value(certificate, EXTENSION.hwid);
  const expectedBytes = hasFmc(product) ? 8 : 64;
  must(hwid.length === expectedBytes, 'malformed', `expected a HWID of ${expectedBytes} bytes, got ${hwid.length}`);
  return { signer: 'vcek', hwid, cspId: null };
}

function value(certificate: Certificate, oid: string): Uint8Array {
  const extension = certificate.extensions.get(oid);
  if (extension === undefined) throw new TwinlockError('malformed', `expected a VEK with extension ${oid}`);
  return extension.value;
}

/** An INTEGER of 0 to 255. */
function integer(certificate: Certificate, oid: string): number {
  const { body, rest } = readUnsigned(value(certificate, oid));
  must(rest.length === 0 && body.length <= 1, 'malformed', `expected an integer below 256 in VEK extension ${oid}`);
  return body[0] ?? 0;
}

function text(certificate: Certificate, oid: string): string {
  const { body, rest } = readElement(value(certificate, oid), IA5_STRING);
  const characters = fromUtf8(body);
  const isPrintable = rest.length === 0 && PRINTABLE.test(characters) && characters.length <= TEXT_CHARACTERS_MAX;
  must(isPrintable, 'malformed', `expected 1 to ${TEXT_CHARACTERS_MAX} printable characters in VEK extension ${oid}`);
  return characters;
}
