import { equal, fromHex } from '../bytes.ts';
import { must } from '../errors.ts';
import { readElement, readUnsigned, readWholeSequence } from './der.ts';
import { RSA_ENCRYPTION } from './spki.ts';

const BIT_STRING = 0x03;
const MODULUS_BITS_MIN = 2048;
const MODULUS_BITS_MAX = 4096;
const EXPONENT = fromHex('010001');

/**
 * The bytes of the modulus of an RSA key in DER SubjectPublicKeyInfo, which is as long as a signature is.
 *
 * Strict DER, an odd modulus of 2048 to 4096 bits, the exponent 65537: platforms disagree about others, and
 * no attestation key uses them. Throws `malformed` or `invalid_key`.
 */
export function rsaModulusBytes(spki: Uint8Array): number {
  const body = readWholeSequence(spki);
  const { length } = RSA_ENCRYPTION;
  must(equal(body.subarray(0, length), RSA_ENCRYPTION), 'invalid_key', 'expected an rsaEncryption key');
  const bits = readElement(body.subarray(length), BIT_STRING);
  must(bits.rest.length === 0 && bits.body[0] === 0, 'malformed', 'expected one BIT STRING of whole bytes');

  const modulus = readUnsigned(readWholeSequence(bits.body.subarray(1)));
  const exponent = readUnsigned(modulus.rest);
  must(exponent.rest.length === 0, 'malformed', 'expected nothing after the exponent');
  must(equal(exponent.body, EXPONENT), 'invalid_key', 'expected the public exponent 65537');

  const [first = 0] = modulus.body;
  const bitLength = 8 * modulus.body.length - (Math.clz32(first) - 24);
  must(
    bitLength >= MODULUS_BITS_MIN && bitLength <= MODULUS_BITS_MAX,
    'invalid_key',
    `expected a modulus of ${MODULUS_BITS_MIN} to ${MODULUS_BITS_MAX} bits, got ${bitLength}`,
  );
  must((modulus.body.at(-1) ?? 0) % 2 === 1, 'invalid_key', 'expected an odd modulus');
  return modulus.body.length;
}

/**
 * The bytes of the longest salt that RSASSA-PSS has room for under this key, in DER SubjectPublicKeyInfo (RFC 8017
 * section 9.1.1): of a modulus of whole bytes, its bytes − `hashBytes` − 2. Throws as `rsaModulusBytes`.
 */
export function longestSaltBytes(spki: Uint8Array, hashBytes: number): number {
  return rsaModulusBytes(spki) - hashBytes - 2;
}
