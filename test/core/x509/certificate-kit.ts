import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { concat, fromHex, u8, u16, utf8 } from '../../../src/core/bytes.ts';
import { ecdsaToDer } from '../../../src/core/signature/der.ts';

/** A certificate authority for tests, which also makes what no authority would. */

export const tlv = (tag: number, ...parts: Uint8Array[]): Uint8Array => {
  const body = concat(...parts);
  const length =
    body.length < 0x80
      ? u8(body.length)
      : body.length < 0x100
        ? concat(u8(0x81), u8(body.length))
        : concat(u8(0x82), u16(body.length));
  return concat(u8(tag), length, body);
};

function oid(dotted: string): Uint8Array {
  const [a = 0, b = 0, ...rest] = dotted.split('.').map(Number);
  const arcs = [40 * a + b, ...rest].map((arc) => {
    const digits = [arc & 0x7f];
    for (let high = arc >>> 7; high > 0; high >>>= 7) digits.unshift(0x80 | (high & 0x7f));
    return Uint8Array.from(digits);
  });
  return tlv(0x06, ...arcs);
}

export type KeyKind = 'ES256' | 'ES384' | 'Ed25519';
export interface TestKey {
  readonly kind: KeyKind;
  readonly privateKey: Uint8Array;
}

const KEYS = {
  ES256: {
    spki: '301306072a8648ce3d020106082a8648ce3d030107',
    signature: '300a06082a8648ce3d040302',
    publicKey: (key: Uint8Array) => p256.getPublicKey(key, false),
    sign: (message: Uint8Array, key: Uint8Array) => ecdsaToDer(p256.sign(message, key), 'ES256'),
  },
  ES384: {
    spki: '301006072a8648ce3d020106052b81040022',
    signature: '300a06082a8648ce3d040303',
    publicKey: (key: Uint8Array) => p384.getPublicKey(key, false),
    sign: (message: Uint8Array, key: Uint8Array) => ecdsaToDer(p384.sign(message, key), 'ES384'),
  },
  Ed25519: {
    spki: '300506032b6570',
    signature: '300506032b6570',
    publicKey: ed25519.getPublicKey,
    sign: ed25519.sign,
  },
};

export function testKey(kind: KeyKind, seed: number): TestKey {
  return { kind, privateKey: new Uint8Array(kind === 'ES384' ? 48 : 32).fill(seed) };
}

export const publicKeyOf = ({ kind, privateKey }: TestKey): Uint8Array => KEYS[kind].publicKey(privateKey);

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

/** keyCertSign is bit 5, digitalSignature bit 0. */
export const keyUsage = (...bits: number[]): Uint8Array =>
  extension('2.5.29.15', tlv(0x03, u8(0), u8(bits.reduce((byte, bit) => byte | (0x80 >> bit), 0))), true);

export interface CertificateFields {
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly key: TestKey;
  readonly signer: TestKey;
  readonly extensions?: readonly Uint8Array[];
  readonly notBefore?: Uint8Array;
  readonly notAfter?: Uint8Array;
  readonly version?: number;
  readonly spki?: Uint8Array;
  /** What the signed part says the algorithm is, where it differs from the signer's. */
  readonly innerAlgorithm?: Uint8Array;
}

export function makeCertificate(fields: CertificateFields): Uint8Array {
  const { subject, issuer, key, signer, extensions = [], version = 2 } = fields;
  const { notBefore = utcTime('200101000000Z'), notAfter = utcTime('400101000000Z') } = fields;
  const algorithm = fromHex(KEYS[signer.kind].signature);
  const bits = tlv(0x03, u8(0), publicKeyOf(key));
  const tbs = tlv(
    0x30,
    tlv(0xa0, tlv(0x02, u8(version))),
    tlv(0x02, u8(1)),
    fields.innerAlgorithm ?? algorithm,
    issuer,
    tlv(0x30, notBefore, notAfter),
    subject,
    fields.spki ?? tlv(0x30, fromHex(KEYS[key.kind].spki), bits),
    extensions.length > 0 ? tlv(0xa3, tlv(0x30, ...extensions)) : new Uint8Array(),
  );
  return tlv(0x30, tbs, algorithm, tlv(0x03, u8(0), KEYS[signer.kind].sign(tbs, signer.privateKey)));
}
