import { concat, fromHex, u8, u16 } from '../bytes.ts';

/** SubjectPublicKeyInfo of a P-384 point (RFC 5480 section 2), up to the point itself. */
const P384_PREFIX = fromHex('3076301006072a8648ce3d020106052b81040022036200');
/** AlgorithmIdentifier { rsaEncryption, NULL } (RFC 8017 appendix A.1). */
export const RSA_ENCRYPTION = fromHex('300d06092a864886f70d0101010500');
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const SEQUENCE = 0x30;

/** DER SubjectPublicKeyInfo of an uncompressed P-384 point of 97 bytes. */
export function p384Spki(point: Uint8Array): Uint8Array {
  return concat(P384_PREFIX, point);
}

/** DER SubjectPublicKeyInfo of an RSA key: big-endian modulus and exponent without leading zeros. */
export function rsaSpki(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  const key = element(SEQUENCE, unsigned(modulus), unsigned(exponent));
  return element(SEQUENCE, RSA_ENCRYPTION, element(BIT_STRING, u8(0), key));
}

function unsigned(bytes: Uint8Array): Uint8Array {
  const isNegative = (bytes[0] ?? 0) >= 0x80;
  return element(INTEGER, isNegative ? u8(0) : new Uint8Array(0), bytes);
}

/** One DER element of less than 65,536 bytes; throws `malformed` for a longer one. */
function element(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const body = concat(...parts);
  return concat(u8(tag), lengthOf(body), body);
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  if (length < 0x80) return u8(length);
  return length < 0x100 ? concat(u8(0x81), u8(length)) : concat(u8(0x82), u16(length));
}
