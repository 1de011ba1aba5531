import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { concat, fromBase64url, u8 } from '../../../src/core/bytes.ts';
import { rsaModulusBytes } from '../../../src/core/signature/rsa.ts';
import { p384Spki, rsaSpki } from '../../../src/core/signature/spki.ts';

const EXPONENT = Uint8Array.of(1, 0, 1);
const code = (name: string) => expect.objectContaining({ code: name });

/** The fields of a key as a JWK has them, and its DER, both by the platform. */
function exported(key: ReturnType<typeof createPublicKey>) {
  const jwk = key.export({ format: 'jwk' });
  const field = (name: 'n' | 'e' | 'x' | 'y') => fromBase64url(String(jwk[name]));
  return { field, der: new Uint8Array(key.export({ type: 'spki', format: 'der' })) };
}

describe('DER SubjectPublicKeyInfo', () => {
  test('of a P-384 point is what the platform writes', () => {
    const { field, der } = exported(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey);
    expect(p384Spki(concat(u8(0x04), field('x'), field('y')))).toEqual(der);
  });

  test.each([1024, 2048, 3072, 4096])('of an RSA key of %i bits is what the platform writes', (bits) => {
    // Of a made-up modulus: the platform reads it as it is, and generating long keys takes seconds.
    const modulus = new Uint8Array(bits / 8).fill(0xa5);
    const der = rsaSpki(modulus, EXPONENT);
    const key = exported(createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' }));
    expect(key.der).toEqual(der);
    expect([key.field('n'), key.field('e')]).toEqual([modulus, EXPONENT]);
  });

  test('of an RSA key keeps a modulus whose first bit is clear as it is', () => {
    const modulus = new Uint8Array(257).fill(0xff).with(0, 0x7f);
    const der = rsaSpki(modulus, EXPONENT);
    expect(exported(createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })).field('n')).toEqual(
      modulus,
    );
    expect(rsaModulusBytes(der)).toBe(257);
  });

  test('of an RSA key that is too long for two bytes of length is refused', () => {
    expect(() => rsaSpki(new Uint8Array(0x1_0000).fill(0xff), EXPONENT)).toThrow(code('malformed'));
  });
});
