import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, equal, fromHex, toHex, u8, utf8 } from '../../../src/core/bytes.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { verifyReference } from '../../../src/core/signature/reference.ts';
import {
  basicConstraints as basicConstraintsOf,
  issuedBy,
  maySignCertificates,
  parseCertificate,
  unknownCriticalExtensions,
} from '../../../src/core/x509/certificate.ts';
import {
  basicConstraints,
  type CertificateFields,
  extension,
  generalizedTime,
  type KeyKind,
  keyUsage,
  makeCertificate,
  name,
  publicKeyOf,
  testKey,
  tlv,
  utcTime,
} from './certificate-kit.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const subject = name({ '2.5.4.3': 'leaf' });
const issuer = name({ '2.5.4.3': 'authority' });
const key = testKey('ES256', 1);
const signer = testKey('ES256', 2);
const make = (fields: Partial<CertificateFields> = {}) => makeCertificate({ subject, issuer, key, signer, ...fields });

describe('a certificate', () => {
  test.each<[KeyKind, KeyKind]>([
    ['ES256', 'ES256'],
    ['ES384', 'ES256'],
    ['ES256', 'ES384'],
    ['Ed25519', 'Ed25519'],
  ])('of a key %s signed by a key %s parses as the platform reads it', (kind, signerKind) => {
    const [key, signer] = [testKey(kind, 1), testKey(signerKind, 2)];
    const der = make({ key, signer, extensions: [basicConstraints(false), keyUsage(0)] });
    const ours = parseCertificate(der);
    const platform = new X509Certificate(der);
    expect(toHex(ours.key.publicKey)).toBe(toHex(publicKeyOf(key)));
    expect(ours.key.algorithm).toBe(kind);
    expect(ours.notBeforeMs).toBe(Date.parse(platform.validFrom));
    expect(ours.notAfterMs).toBe(Date.parse(platform.validTo));
    expect(platform.ca).toBe(false);
    verifyReference(issuedBy(ours, { algorithm: signerKind, publicKey: publicKeyOf(signer) }, 'leaf'));
  });

  test('of an RSA key keeps the whole SubjectPublicKeyInfo', () => {
    const spki = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'der' });
    const parsed = parseCertificate(make({ spki }));
    expect(parsed.key.algorithm).toBe('RS256');
    expect(equal(parsed.key.publicKey, spki)).toBe(true);
  });

  test('reads both forms of time, each to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1950, 0, 1) / 1000, max: Date.UTC(9999, 11, 31) / 1000 }), (seconds) => {
        const digits = new Date(seconds * 1000).toISOString().replace(/[-:T]|\.000Z/g, '');
        const long = generalizedTime(`${digits}Z`);
        const short = Number(digits.slice(0, 4)) < 2050 ? utcTime(`${digits.slice(2)}Z`) : long;
        const { notBeforeMs, notAfterMs } = parseCertificate(make({ notBefore: short, notAfter: long }));
        expect([notBeforeMs, notAfterMs]).toEqual([seconds * 1000, seconds * 1000]);
      }),
      { numRuns: 50 },
    );
  });

  test.each(['230229000000Z', '231301000000Z', '230100000000Z', '230101240000Z', '2301010000Z', '230101000000+0100'])(
    'refuses the time %s, which is not on the calendar',
    (text) => {
      expect(() => parseCertificate(make({ notBefore: utcTime(text) }))).toThrow(code('malformed'));
    },
  );

  test('refuses every truncation and trailing bytes', () => {
    const der = make({ extensions: [basicConstraints(false)] });
    for (let length = 0; length < der.length; length++) {
      expect(() => parseCertificate(der.subarray(0, length)), `${length} bytes`).toThrow(code('malformed'));
    }
    expect(() => parseCertificate(concat(der, u8(0)))).toThrow(code('malformed'));
  });

  test('with a flipped byte is refused or no longer signed', () => {
    const der = make({ extensions: [basicConstraints(false)] });
    const authority = { algorithm: 'ES256', publicKey: publicKeyOf(signer) } as const;
    for (let i = 0; i < der.length; i++) {
      const flipped = der.slice();
      flipped[i] = (flipped[i] ?? 0) ^ 0xff;
      expect(() => verifyReference(issuedBy(parseCertificate(flipped), authority, 'leaf')), `byte ${i}`).toThrow(
        TwinlockError,
      );
    }
  });

  test.each<[string, Uint8Array, string]>([
    ['version 1', make({ version: 0 }), 'malformed'],
    ['version 2', make({ version: 1 }), 'malformed'],
    ['another algorithm inside than outside', make({ innerAlgorithm: fromHex('300506032b6570') }), 'malformed'],
    ['an extension twice', make({ extensions: [keyUsage(0), keyUsage(0)] }), 'malformed'],
    ['a key that is not on its curve', make({ spki: spkiOf(new Uint8Array(65).fill(4)) }), 'invalid_key'],
    ['a compressed key', make({ spki: spkiOf(publicKeyOf(key).slice(0, 33)) }), 'invalid_key'],
    [
      'a key of another curve',
      make({ spki: tlv(0x30, fromHex('301006072a8648ce3d020106052b8104000a')) }),
      'unsupported_algorithm',
    ],
    ['more than 8 KiB', make({ extensions: [extension('1.2.3', new Uint8Array(8192))] }), 'too_large'],
  ])('refuses %s', (_, der, expected) => {
    expect(() => parseCertificate(der)).toThrow(code(expected));
  });

  test('refuses a length that is not the shortest', () => {
    const long = concat(fromHex('0c8101'), utf8('x'));
    const subject = tlv(0x30, tlv(0x31, tlv(0x30, fromHex('0603550403'), long)));
    const { subject: unread } = parseCertificate(make({ subject }));
    expect(equal(unread, subject)).toBe(true); // names are compared as bytes, and read by whom they concern
    expect(() => parseCertificate(concat(fromHex('3083'), u8(0), make().subarray(2)))).toThrow(code('malformed'));
  });

  test('refuses an issuer of another algorithm', () => {
    const publicKey = publicKeyOf(testKey('Ed25519', 2));
    const issue = () => issuedBy(parseCertificate(make()), { algorithm: 'Ed25519', publicKey }, 'leaf');
    expect(issue).toThrow(code('unsupported_algorithm'));
  });

  test('says what it is for', () => {
    const parse = (...extensions: Uint8Array[]) => parseCertificate(make({ extensions }));
    expect(basicConstraintsOf(parse())).toBeNull();
    expect(basicConstraintsOf(parse(basicConstraints(false)))).toEqual({ ca: false, pathLength: null });
    expect(basicConstraintsOf(parse(basicConstraints(true, 2)))).toEqual({ ca: true, pathLength: 2 });
    expect(() => basicConstraintsOf(parse(basicConstraints(false, 2)))).toThrow(code('malformed'));
    expect(maySignCertificates(parse())).toBe(true);
    expect(maySignCertificates(parse(keyUsage(5, 6)))).toBe(true);
    expect(maySignCertificates(parse(keyUsage(0)))).toBe(false);
    expect(unknownCriticalExtensions(parse(keyUsage(0), extension('1.2.840.1', u8(0), true)))).toEqual(['1.2.840.1']);
    expect(unknownCriticalExtensions(parse(extension('1.3.6.1.4.1.45724.1.1.4', u8(0))))).toEqual([]);
  });
});

function spkiOf(point: Uint8Array): Uint8Array {
  return tlv(0x30, fromHex('301306072a8648ce3d020106082a8648ce3d030107'), tlv(0x03, u8(0), point));
}
