import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type SigningOptions,
  sign,
} from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { concat, fromHex, type Hex, toBase64, u8, u16, u32, utf8 } from '../../../src/core/bytes.ts';
import { ecdsaToDer } from '../../../src/core/signature/der.ts';

/** A certificate authority for tests, which also makes what no authority would. */

export const tlv = (tag: number, ...parts: Uint8Array[]): Uint8Array => {
  const body = concat(...parts);
  return concat(u8(tag), lengthOf(body.length), body);
};

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return u8(length);
  if (length < 0x100) return concat(u8(0x81), u8(length));
  if (length < 0x10000) return concat(u8(0x82), u16(length));
  return concat(u8(0x83), u32(length).subarray(1));
}

export function oid(dotted: string): Uint8Array {
  const [a = 0, b = 0, ...rest] = dotted.split('.').map(Number);
  const arcs = [40 * a + b, ...rest].map((arc) => {
    const digits = [arc & 0x7f];
    for (let high = arc >>> 7; high > 0; high >>>= 7) digits.unshift(0x80 | (high & 0x7f));
    return Uint8Array.from(digits);
  });
  return tlv(0x06, ...arcs);
}

export type KeyKind = 'ES256' | 'ES384' | 'Ed25519' | 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384';
export interface TestKey {
  readonly kind: KeyKind;
  /** The scalar or seed; of RSA, PrivateKeyInfo in DER. */
  readonly privateKey: Uint8Array;
}

interface Scheme {
  /** AlgorithmIdentifiers in DER. */
  readonly spki: string;
  readonly signature: string;
  readonly publicKey: (privateKey: Uint8Array) => Uint8Array;
  /** In the form of a claim. */
  readonly sign: (message: Uint8Array, privateKey: Uint8Array) => Uint8Array;
}

const PSS_SHA256 =
  'a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120';
const PSS_SHA384 =
  'a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130';
/** PS384 as AMD also writes it: with the trailer field, which is the default. */
export const PS384_WITH_TRAILER = fromHex(`304606092a864886f70d01010a3039${PSS_SHA384}a303020101`);

const pkcs1 = (hash: string, signature: string) => rsa(signature, hash, {});
const pss = (hash: string, saltLength: number, signature: string) =>
  rsa(signature, hash, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });

const rsaKeyOf = (privateKey: Uint8Array) =>
  createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' });

function rsa(signature: string, hash: string, options: SigningOptions): Scheme {
  return {
    spki: '300d06092a864886f70d0101010500',
    signature,
    publicKey: (privateKey) =>
      new Uint8Array(createPublicKey(rsaKeyOf(privateKey)).export({ type: 'spki', format: 'der' })),
    sign: (message, privateKey) => new Uint8Array(sign(hash, message, { key: rsaKeyOf(privateKey), ...options })),
  };
}

const SCHEMES: Readonly<Record<KeyKind, Scheme>> = {
  ES256: {
    spki: '301306072a8648ce3d020106082a8648ce3d030107',
    signature: '300a06082a8648ce3d040302',
    publicKey: (key) => p256.getPublicKey(key, false),
    sign: (message, key) => p256.sign(message, key),
  },
  ES384: {
    spki: '301006072a8648ce3d020106052b81040022',
    signature: '300a06082a8648ce3d040303',
    publicKey: (key) => p384.getPublicKey(key, false),
    sign: (message, key) => p384.sign(message, key),
  },
  Ed25519: {
    spki: '300506032b6570',
    signature: '300506032b6570',
    publicKey: ed25519.getPublicKey,
    sign: (message, key) => ed25519.sign(message, key),
  },
  RS256: pkcs1('sha256', '300d06092a864886f70d01010b0500'),
  RS384: pkcs1('sha384', '300d06092a864886f70d01010c0500'),
  RS512: pkcs1('sha512', '300d06092a864886f70d01010d0500'),
  PS256: pss('sha256', 32, `304106092a864886f70d01010a3034${PSS_SHA256}`),
  PS384: pss('sha384', 48, `304106092a864886f70d01010a3034${PSS_SHA384}`),
};

/** RSA keys by seed, made when first asked for: 2048 bits take some 100 ms. */
const RSA_KEYS = new Map<number, Uint8Array>();

function rsaPrivateKey(seed: number): Uint8Array {
  const known = RSA_KEYS.get(seed);
  if (known !== undefined) return known;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const made = new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' }));
  RSA_KEYS.set(seed, made);
  return made;
}

const isRsa = (kind: KeyKind): boolean => kind.startsWith('RS') || kind.startsWith('PS');

/**
 * The key of that seed (1 to 255), the same in the whole process. An RSA key is random, and the same for every
 * RSA kind: its kind is what it signs as.
 */
export function testKey(kind: KeyKind, seed: number): TestKey {
  if (isRsa(kind)) return { kind, privateKey: rsaPrivateKey(seed) };
  return { kind, privateKey: new Uint8Array(kind === 'ES384' ? 48 : 32).fill(seed) };
}

/** In the form of a claim: a point, 32 bytes, or the SubjectPublicKeyInfo of RSA. */
export const publicKeyOf = ({ kind, privateKey }: TestKey): Uint8Array => SCHEMES[kind].publicKey(privateKey);

/** A signature in the form of a claim. */
export const signBy = ({ kind, privateKey }: TestKey, message: Uint8Array): Uint8Array =>
  SCHEMES[kind].sign(message, privateKey);

/** SubjectPublicKeyInfo in DER. */
export function spkiOf(key: TestKey): Uint8Array {
  const publicKey = publicKeyOf(key);
  return isRsa(key.kind) ? publicKey : tlv(0x30, fromHex(SCHEMES[key.kind].spki), tlv(0x03, u8(0), publicKey));
}

/** SIGNED: what certificates and lists are. */
function signed(tbs: Uint8Array, algorithm: Uint8Array, signer: TestKey): Uint8Array {
  const signature = signBy(signer, tbs);
  const { kind } = signer;
  const bits = kind === 'ES256' || kind === 'ES384' ? ecdsaToDer(signature, kind) : signature;
  return tlv(0x30, tbs, algorithm, tlv(0x03, u8(0), bits));
}

/** A Name of these attributes in UTF8String, by object identifier. */
export function name(attributes: Readonly<Record<string, string>>): Uint8Array {
  const sets = Object.entries(attributes).map(([type, value]) =>
    tlv(0x31, tlv(0x30, oid(type), tlv(0x0c, utf8(value)))),
  );
  return tlv(0x30, ...sets);
}

export const utcTime = (text: string): Uint8Array => tlv(0x17, utf8(text));
export const generalizedTime = (text: string): Uint8Array => tlv(0x18, utf8(text));

export const extension = (type: string, value: Uint8Array, critical = false): Uint8Array =>
  tlv(0x30, oid(type), critical ? fromHex('0101ff') : new Uint8Array(), tlv(0x04, value));

export function basicConstraints(ca: boolean, pathLength: number | null = null): Uint8Array {
  const length = pathLength === null ? new Uint8Array() : tlv(0x02, u8(pathLength));
  return extension('2.5.29.19', tlv(0x30, ca ? fromHex('0101ff') : new Uint8Array(), length), true);
}

/** digitalSignature is bit 0, keyCertSign 5, cRLSign 6. */
export function keyUsage(...bits: number[]): Uint8Array {
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  const unused = Math.max(0, 7 - Math.max(0, ...bits));
  return extension('2.5.29.15', tlv(0x03, u8(unused), u8(byte)), true);
}

export const extendedKeyUsage = (...purposes: string[]): Uint8Array =>
  extension('2.5.29.37', tlv(0x30, ...purposes.map(oid)));

export interface CertificateFields {
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly key: TestKey;
  readonly signer: TestKey;
  readonly extensions?: readonly Uint8Array[];
  readonly notBefore?: Uint8Array;
  readonly notAfter?: Uint8Array;
  /** The number in the version field (2 for version 3), or null to leave the field out (version 1). */
  readonly version?: number | null;
  /** The content of the INTEGER; 01 unless told. */
  readonly serial?: Hex;
  readonly spki?: Uint8Array;
  /** The AlgorithmIdentifier, where it is spelled in another way than the kit does. */
  readonly algorithm?: Uint8Array;
  /** What the signed part says the algorithm is, where it differs from that outside. */
  readonly innerAlgorithm?: Uint8Array;
}

export function makeCertificate(fields: CertificateFields): Uint8Array {
  const { subject, issuer, key, signer, extensions = [], version = 2, serial = '01' } = fields;
  const { notBefore = utcTime('200101000000Z'), notAfter = utcTime('400101000000Z') } = fields;
  const { algorithm = fromHex(SCHEMES[signer.kind].signature) } = fields;
  const tbs = tlv(
    0x30,
    version === null ? new Uint8Array() : tlv(0xa0, tlv(0x02, u8(version))),
    tlv(0x02, fromHex(serial)),
    fields.innerAlgorithm ?? algorithm,
    issuer,
    tlv(0x30, notBefore, notAfter),
    subject,
    fields.spki ?? spkiOf(key),
    extensions.length > 0 ? tlv(0xa3, tlv(0x30, ...extensions)) : new Uint8Array(),
  );
  return signed(tbs, algorithm, signer);
}

interface CrlEntry {
  readonly serial: Hex;
  readonly revokedAt?: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
}

export interface CrlFields {
  /** The Name of the issuer. */
  readonly issuer: Uint8Array;
  readonly signer: TestKey;
  readonly revoked?: readonly (Hex | CrlEntry)[];
  readonly thisUpdate?: Uint8Array;
  /** Null leaves it out. */
  readonly nextUpdate?: Uint8Array | null;
  readonly extensions?: readonly Uint8Array[];
  /** The number in the version field (1 for version 2), or null to leave the field out. */
  readonly version?: number | null;
  readonly algorithm?: Uint8Array;
  readonly innerAlgorithm?: Uint8Array;
}

export const crlNumber = (number: number): Uint8Array => extension('2.5.29.20', tlv(0x02, u8(number)));

/** 2024 to 2026 and without entries, unless told. */
export function makeCrl(fields: CrlFields): Uint8Array {
  const { issuer, signer, revoked = [], extensions = [crlNumber(1)], version = 1 } = fields;
  const { thisUpdate = utcTime('240101000000Z'), nextUpdate = utcTime('260101000000Z') } = fields;
  const { algorithm = fromHex(SCHEMES[signer.kind].signature) } = fields;
  const entries = revoked.map((entry) => crlEntry(typeof entry === 'string' ? { serial: entry } : entry));
  const tbs = tlv(
    0x30,
    version === null ? new Uint8Array() : tlv(0x02, u8(version)),
    fields.innerAlgorithm ?? algorithm,
    issuer,
    thisUpdate,
    nextUpdate ?? new Uint8Array(),
    entries.length > 0 ? tlv(0x30, ...entries) : new Uint8Array(),
    extensions.length > 0 ? tlv(0xa0, tlv(0x30, ...extensions)) : new Uint8Array(),
  );
  return signed(tbs, algorithm, signer);
}

function crlEntry({ serial, revokedAt = utcTime('230101000000Z'), extensions = [] }: CrlEntry): Uint8Array {
  const list = extensions.length > 0 ? tlv(0x30, ...extensions) : new Uint8Array();
  return tlv(0x30, tlv(0x02, fromHex(serial)), revokedAt, list);
}

/** The text form (RFC 7468). */
export function pem(label: string, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
