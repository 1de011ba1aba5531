import { createHash } from 'node:crypto';
import { toBase64, utf8 } from '../../../../src/core/bytes.ts';
import {
  basicConstraints,
  type CertificateFields,
  keyUsage,
  makeCertificate,
  name,
  signBy,
  type TestKey,
  testKey,
} from '../../../core/x509/certificate-kit.ts';

/**
 * Signed RIMs under a test root. Documents are written in their canonical form by hand, so that what the reader
 * canonicalises is compared with something that it did not make.
 */

const NAMESPACES = [
  'xmlns="http://standards.iso.org/iso/19770/-2/2015/schema.xsd"',
  'xmlns:ns0="http://standards.iso.org/iso/19770/-2/2015/schema.xsd"',
  'xmlns:ns2="http://www.w3.org/2001/04/xmlenc#sha384"',
] as const;
const [DEFAULT, NS0, NS2] = NAMESPACES;
const DS = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"';
const C14N = 'http://www.w3.org/2006/12/xml-c14n11';
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';

const ROOT_KEY = testKey('ES384', 0x21);
const SIGNER_KEY = testKey('ES384', 0x22);
const dn = (commonName: string) => name({ '2.5.4.3': commonName });

const certificate = (fields: Partial<CertificateFields>): Uint8Array =>
  makeCertificate({
    subject: dn('Test RIM signer'),
    issuer: dn('Test RIM root'),
    key: SIGNER_KEY,
    signer: ROOT_KEY,
    extensions: [basicConstraints(false), keyUsage(0)],
    ...fields,
  });

export { certificate as makeSigner };

const AUTHORITY = [basicConstraints(true), keyUsage(5)];
export const RIM_TEST_ROOT = certificate({ subject: dn('Test RIM root'), key: ROOT_KEY, extensions: AUTHORITY });
const SIGNER = certificate({});

export const hash = (index: number, alternative = 0): string =>
  createHash('sha384').update(`measurement ${index} ${alternative}`).digest('hex');

export interface Resource {
  readonly index: number | string;
  readonly active?: string;
  readonly alternatives?: number | string;
  readonly hashes?: readonly string[];
  readonly size?: string;
  readonly type?: string;
}

export function resource({ index, active = 'True', hashes = [hash(Number(index))], ...rest }: Resource): string {
  const { alternatives = hashes.length, size = '48', type = 'Measurement' } = rest;
  const digests = hashes.map((value, i) => ` ns2:Hash${i}="${value}"`).join('');
  return (
    `<ns0:Resource active="${active}" alternatives="${alternatives}" index="${index}" ` +
    `name="Measurement_${index}" size="${size}" type="${type}"${digests}></ns0:Resource>`
  );
}

const RESOURCES = [
  resource({ index: 0 }),
  resource({ index: 7, active: 'False' }),
  resource({ index: 9, hashes: [hash(9), hash(9, 1)] }),
].join('');

export interface RimOptions {
  readonly version?: string;
  readonly product?: string;
  readonly payloadType?: string;
  readonly resources?: string;
  /** What is inside the root, where it is not a Meta and a Payload. */
  readonly content?: string;
  readonly rootName?: string;
  /** The content of SignedInfo, in canonical form, for the digest in base64. */
  readonly signedInfo?: (digest: string) => string;
  readonly key?: TestKey;
  readonly chain?: readonly Uint8Array[];
}

/** `<Reference>` as RIMs have it, with anything about it changed. */
export function reference(
  digest: string,
  changes: { uri?: string; transforms?: string; digestMethod?: string } = {},
): string {
  const { uri = 'URI=""', transforms = TRANSFORMS, digestMethod = `${MORE}sha384` } = changes;
  return (
    `<ds:Reference ${uri}><ds:Transforms>${transforms}</ds:Transforms>` +
    `<ds:DigestMethod Algorithm="${digestMethod}"></ds:DigestMethod>` +
    `<ds:DigestValue>${digest}</ds:DigestValue></ds:Reference>`
  );
}

export const transform = (algorithm: string): string => `<ds:Transform Algorithm="${algorithm}"></ds:Transform>`;
export const ENVELOPED = transform('http://www.w3.org/2000/09/xmldsig#enveloped-signature');
export const CANONICAL = transform(C14N);
const TRANSFORMS = ENVELOPED + CANONICAL;

export const methods = (canonicalization = C14N, signature = `${MORE}ecdsa-sha384`): string =>
  `<ds:CanonicalizationMethod Algorithm="${canonicalization}"></ds:CanonicalizationMethod>` +
  `<ds:SignatureMethod Algorithm="${signature}"></ds:SignatureMethod>`;

/** The parts of a signed document, for tests that put them together in another way. */
export interface SignedRim {
  /** `<SoftwareIdentity …>`, its content without the signature, the signature. */
  readonly open: string;
  readonly content: string;
  readonly signature: string;
  readonly close: string;
}

export function signRim(options: RimOptions = {}): SignedRim {
  const { rootName = 'SoftwareIdentity', key = SIGNER_KEY, chain = [SIGNER, RIM_TEST_ROOT] } = options;
  const open = `<${rootName} ${NAMESPACES.join(' ')} name="GH100" patch="false">`;
  const content = options.content ?? contentOf(options);
  const close = `</${rootName}>`;
  const digest = createHash('sha384').update(`${open}${content}${close}`).digest('base64');
  const signedInfo = (options.signedInfo ?? ((value: string) => methods() + reference(value)))(digest);
  // In its canonical form SignedInfo declares every namespace in scope, in the order of their prefixes.
  const canonical = `<ds:SignedInfo ${[DEFAULT, DS, NS0, NS2].join(' ')}>${signedInfo}</ds:SignedInfo>`;
  const value = toBase64(signBy(key, utf8(canonical)));
  const certificates = chain.map((der) => `<ds:X509Certificate>${toBase64(der)}</ds:X509Certificate>`).join('');
  const signature =
    `<ds:Signature ${DS}><ds:SignedInfo>${signedInfo}</ds:SignedInfo><ds:SignatureValue>${value}</ds:SignatureValue>` +
    `<ds:KeyInfo><ds:X509Data>${certificates}</ds:X509Data></ds:KeyInfo></ds:Signature>`;
  return { open, content, signature, close };
}

export function contentOf(options: RimOptions): string {
  const { version = '550.144.03', product = 'GH100', payloadType = 'direct', resources = RESOURCES } = options;
  return (
    `<ns0:Meta PayloadType="${payloadType}" colloquialVersion="${version}" product="${product}"></ns0:Meta>` +
    `<ns0:Payload>${resources}</ns0:Payload>`
  );
}

export const textOf = ({ open, content, signature, close }: SignedRim): string => open + content + signature + close;

/** The bytes of a valid RIM, with anything about it changed. */
export const makeRim = (options: RimOptions = {}): Uint8Array => utf8(textOf(signRim(options)));
