import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, equal, fromHex, toHex, u8, utf8 } from '../../../src/core/bytes.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { keyFamilyOf } from '../../../src/core/signature/key-family.ts';
import { verifyReference } from '../../../src/core/signature/reference.ts';
import {
  type CertifiedKey,
  claimBy,
  issuedBy,
  parseCertificate,
  parseCertificateOfAnyKey,
  parseCertificateOfVersion1Or3,
  parseSubjectPublicKeyInfo,
} from '../../../src/core/x509/certificate.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import {
  basicConstraints,
  type CertificateFields,
  extension,
  generalizedTime,
  type KeyKind,
  keyUsage,
  makeCertificate,
  name,
  oid,
  PS384_WITH_TRAILER,
  publicKeyOf,
  signBy,
  spkiOf,
  testKey,
  tlv,
  utcTime,
} from './certificate-kit.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const subject = name({ '2.5.4.3': 'leaf' });
const issuer = name({ '2.5.4.3': 'authority' });
const key = testKey('ES256', 1);
const signer = testKey('ES256', 2);
/** SHA-384, MGF1 with SHA-384, a salt of 48 bytes. */
const PS384_HEX =
  '304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130';
const PS384 = fromHex(PS384_HEX);
const make = (fields: Partial<CertificateFields> = {}) => makeCertificate({ subject, issuer, key, signer, ...fields });

describe('a certificate', () => {
  test.each<[KeyKind, KeyKind]>([
    ['ES256', 'ES256'],
    ['ES384', 'ES256'],
    ['ES256', 'ES384'],
    ['ES256', 'Ed25519'],
    ['ES384', 'RS256'],
    ['RS256', 'RS384'],
    ['RS256', 'RS512'],
    ['ES256', 'PS256'],
    ['ES384', 'PS384'],
    ['PS384', 'ES384'],
  ])('of a key %s signed by a key %s parses as the platform reads it', (kind, signerKind) => {
    const [key, signer] = [testKey(kind, 1), testKey(signerKind, 2)];
    const der = make({ key, signer, extensions: [basicConstraints(false), keyUsage(0)] });
    const ours = parseCertificate(der);
    const platform = new X509Certificate(der);
    expect(toHex(ours.key.publicKey)).toBe(toHex(publicKeyOf(key)));
    expect(ours.key.family).toBe(keyFamilyOf(kind));
    expect(ours.signed?.signatureAlgorithm).toBe(signerKind);
    expect(ours.notBeforeMs).toBe(Date.parse(platform.validFrom));
    expect(ours.notAfterMs).toBe(Date.parse(platform.validTo));
    expect(platform.ca).toBe(false);
    verifyNode(issuedBy(ours, { family: keyFamilyOf(signerKind), publicKey: publicKeyOf(signer) }, 'leaf'));
  });

  test('of an RSA key keeps the whole SubjectPublicKeyInfo', () => {
    const key = testKey('RS256', 3);
    const parsed = parseCertificate(make({ key }));
    expect(parsed.key.family).toBe('RSA');
    expect(equal(parsed.key.publicKey, spkiOf(key))).toBe(true);
  });

  test('of a key that no vendor of hardware has is refused before the key is looked at', () => {
    const edwards = testKey('Ed25519', 1);
    const noPoint = concat(spkiOf(edwards).subarray(0, -32), new Uint8Array(32).fill(0xff));
    for (const der of [make({ key: edwards }), make({ spki: noPoint })]) {
      expect(() => parseCertificate(der)).toThrow(code('unsupported_algorithm'));
      expect(() => parseCertificateOfVersion1Or3(der)).toThrow(code('unsupported_algorithm'));
    }
    for (const spki of [spkiOf(edwards), noPoint]) {
      expect(() => parseSubjectPublicKeyInfo(spki)).toThrow(code('unsupported_algorithm'));
    }
  });

  test('of an authenticator may be of an Ed25519 key', () => {
    const edwards = testKey('Ed25519', 1);
    const { key } = parseCertificateOfAnyKey(make({ key: edwards, signer: edwards }));
    expect([key.family, toHex(key.publicKey)]).toEqual(['Ed25519', toHex(publicKeyOf(edwards))]);
  });

  test('of AMD spells PS384 with its trailer field or without', () => {
    const signer = testKey('PS384', 3);
    for (const algorithm of [undefined, PS384_WITH_TRAILER]) {
      const parsed = parseCertificate(make({ signer, ...(algorithm === undefined ? {} : { algorithm }) }));
      verifyNode(issuedBy(parsed, parseCertificate(make({ key: signer })).key, 'leaf'));
    }
    const mixed = { algorithm: PS384_WITH_TRAILER, innerAlgorithm: PS384 };
    expect(() => parseCertificate(make({ signer, ...mixed }))).toThrow(code('malformed'));
  });

  test.each<[string, string]>([
    ['a salt of 20 bytes', PS384_HEX.replace('a203020130', 'a203020114')],
    ['another hash in MGF1', PS384_HEX.replace(/(.*)0402020500/, '$10402010500')],
    [
      'hashes without parameters',
      '303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a864886f70d010108300b0609608648016503040202a203020130',
    ],
    ['no parameters at all', '300b06092a864886f70d01010a'],
    ['SHA-1', '300d06092a864886f70d0101050500'],
    ['RS256 without the NULL', '300b06092a864886f70d01010b'],
    ['ECDSA with SHA-512', '300a06082a8648ce3d040304'],
  ])('refuses a signature algorithm with %s', (_, identifier) => {
    expect(identifier).not.toBe(PS384_HEX);
    const algorithm = fromHex(identifier);
    expect(() => parseCertificate(make({ signer: testKey('RS256', 3), algorithm }))).toThrow(
      code('unsupported_algorithm'),
    );
  });

  test.each(['00', '01', '7f', '0080', '00ff', `00${'ff'.repeat(20)}`])('keeps the serial number %s', (serial) => {
    expect(parseCertificate(make({ serial })).serial).toBe(serial);
  });

  test.each(['', '0001', 'ff80', 'ff', '80', `ff7f`, `01${'00'.repeat(21)}`])(
    'refuses the serial number "%s"',
    (serial) => {
      expect(() => parseCertificate(make({ serial }))).toThrow(code('malformed'));
    },
  );

  test('of version 1 parses only for whom it is enough, and without extensions', () => {
    const first = make({ version: null });
    expect(() => parseCertificate(first)).toThrow(code('malformed'));
    const parsed = parseCertificateOfVersion1Or3(first);
    expect(parsed.extensions.size).toBe(0);
    expect(toHex(parsed.key.publicKey)).toBe(toHex(publicKeyOf(key)));
    verifyReference(issuedBy(parsed, { family: 'P-256', publicKey: publicKeyOf(signer) }, 'leaf'));

    const extended = make({ version: null, extensions: [basicConstraints(true)] });
    for (const der of [extended, make({ version: 0 }), make({ version: 1 })]) {
      expect(() => parseCertificateOfVersion1Or3(der)).toThrow(code('malformed'));
    }
    const third = make({ extensions: [basicConstraints(false)] });
    expect(parseCertificateOfVersion1Or3(third)).toEqual(parseCertificate(third));
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
    const authority = { family: 'P-256', publicKey: publicKeyOf(signer) } as const;
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
    ['a key that is not on its curve', make({ spki: spkiOfPoint(new Uint8Array(65).fill(4)) }), 'invalid_key'],
    ['a compressed key', make({ spki: spkiOfPoint(publicKeyOf(key).slice(0, 33)) }), 'invalid_key'],
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
    expect(() => parseCertificate(make({ subject }))).toThrow(code('malformed'));
    expect(() => parseCertificate(concat(fromHex('3083'), u8(0), make().subarray(2)))).toThrow(code('malformed'));
  });

  const subjectOf = (...attributes: Uint8Array[]) => ({
    subject: tlv(0x30, tlv(0x31, ...attributes.map((value) => tlv(0x30, oid('2.5.4.3'), value)))),
  });
  const flagged = (flag: string) => tlv(0x30, oid('1.2.3'), fromHex(flag), tlv(0x04));
  const text = (value: string) => tlv(0x0c, utf8(value));
  test.each<[string, Partial<CertificateFields>]>([
    ['a default that is written out', { extensions: [flagged('010100')] }],
    ['a boolean of another byte', { extensions: [flagged('010101')] }],
    ['text that is no UTF-8', subjectOf(tlv(0x0c, fromHex('ff')))],
    ['a string in pieces', subjectOf(tlv(0x2c, text('a')))],
    ['a SET out of order', subjectOf(text('b'), text('a'))],
    ['a NULL with contents', subjectOf(tlv(0x05, u8(0)))],
    ['an integer with a superfluous zero', subjectOf(tlv(0x02, u8(0), u8(1)))],
    ['unused bits that are set', subjectOf(tlv(0x03, u8(1), u8(1)))],
    ['an object identifier with a superfluous byte', subjectOf(tlv(0x06, u8(0x80), u8(1)))],
    ['a tag of two bytes', subjectOf(tlv(0x1f, u8(1)))],
    ['elements cut short inside others', subjectOf(tlv(0x30, fromHex('0c02')))],
  ])('refuses %s, at every place', (_, fields) => {
    expect(() => parseCertificate(make(fields))).toThrow(code('malformed'));
  });

  test('takes a SET in order, and names of any string type', () => {
    for (const { subject } of [subjectOf(text('a'), text('b')), subjectOf(tlv(0x1e, fromHex('0041')))]) {
      expect(equal(parseCertificate(make({ subject })).subject, subject)).toBe(true);
    }
  });

  test('refuses elements more than 16 deep before it goes into them', () => {
    const nested = (levels: number) => {
      let element: Uint8Array = new Uint8Array(0);
      for (let i = 0; i < levels; i++) element = tlv(0x30, element);
      return { subject: element };
    };
    // The subject is two levels down, and its own elements are below it.
    expect(parseCertificate(make(nested(13))).subject.length).toBe(26);
    expect(() => parseCertificate(make(nested(14)))).toThrow(code('malformed'));
    expect(() => parseCertificate(make(nested(2000)))).toThrow(code('malformed'));
  });

  test.each<[KeyKind, CertifiedKey['family']]>([
    ['ES256', 'Ed25519'],
    ['ES256', 'P-384'],
    ['ES384', 'P-256'],
    ['PS384', 'P-384'],
    ['RS256', 'P-256'],
    ['ES256', 'RSA'],
  ])('signed with %s is not of an issuer whose key is %s', (kind, family) => {
    const parsed = parseCertificate(make({ signer: testKey(kind, 2) }));
    expect(() => issuedBy(parsed, { family, publicKey: new Uint8Array(0) }, 'leaf')).toThrow(
      code('unsupported_algorithm'),
    );
  });

  test('certifies an RSA key for every algorithm of RSA, and no other', () => {
    const key = parseCertificate(make({ key: testKey('RS256', 3) })).key;
    const message = utf8('message');
    for (const kind of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384'] as const) {
      const signed = { algorithm: kind, message, signature: signBy(testKey(kind, 3), message) };
      verifyNode(claimBy(key, signed, 'message'));
      for (const algorithm of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384'] as const) {
        if (algorithm === kind) continue;
        const other = claimBy(key, { ...signed, algorithm }, 'message');
        expect(() => verifyNode(other), `${kind} as ${algorithm}`).toThrow(code('signature_invalid'));
      }
    }
    const claim = () => claimBy(key, { algorithm: 'ES256', message, signature: new Uint8Array(64) }, 'message');
    expect(claim).toThrow(code('unsupported_algorithm'));
  });
});

test.each<KeyKind>(['ES256', 'ES384', 'PS384'])('a public key of %s is read from strict DER alone', (kind) => {
  const der = spkiOf(testKey(kind, 3));
  const { family, publicKey } = parseSubjectPublicKeyInfo(der);
  expect([family, toHex(publicKey)]).toEqual([keyFamilyOf(kind), toHex(publicKeyOf(testKey(kind, 3)))]);
  for (let length = 0; length < der.length; length++) {
    expect(() => parseSubjectPublicKeyInfo(der.subarray(0, length)), `${length} bytes`).toThrow(code('malformed'));
  }
  expect(() => parseSubjectPublicKeyInfo(concat(der, u8(0)))).toThrow(code('malformed'));
});

function spkiOfPoint(point: Uint8Array): Uint8Array {
  return tlv(0x30, fromHex('301306072a8648ce3d020106082a8648ce3d030107'), tlv(0x03, u8(0), point));
}
