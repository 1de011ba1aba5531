import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, toHex, u8, u32 } from '../../../src/core/bytes.ts';
import { type Code, TwinlockError } from '../../../src/core/errors.ts';
import { parseCertificate } from '../../../src/core/x509/certificate.ts';
import { type CrlToVerify, parseCrl, requireUnrevoked, verifyCrl } from '../../../src/core/x509/crl.ts';
import { parseInstantText } from '../../../src/core/x509/time.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import {
  basicConstraints,
  type CrlFields,
  crlNumber,
  extension,
  generalizedTime,
  keyUsage,
  makeCertificate,
  makeCrl,
  name,
  testKey,
  tlv,
  utcTime,
} from './certificate-kit.ts';

const code = (expected: Code, message: RegExp = /./) =>
  expect.objectContaining({ code: expected, message: expect.stringMatching(message) });
const DAY_MS = 86_400_000;
const NAME = name({ '2.5.4.3': 'authority' });
const KEY = testKey('ES256', 41);
const AUTHORITY = authority();
/** certificateHold, keyCompromise. */
const reason = (value: number) => extension('2.5.29.21', tlv(0x0a, u8(value)));

function authority(fields: Partial<Parameters<typeof makeCertificate>[0]> = {}) {
  const extensions = [basicConstraints(true), keyUsage(5, 6)];
  const made = { subject: NAME, issuer: NAME, key: KEY, signer: KEY, extensions, ...fields };
  return parseCertificate(makeCertificate(made));
}

const leaf = (serial: string, issuer = NAME) =>
  parseCertificate(
    makeCertificate({ subject: name({ '2.5.4.3': 'leaf' }), issuer, key: testKey('ES256', 42), signer: KEY, serial }),
  );
const make = (fields: Partial<CrlFields> = {}) => makeCrl({ issuer: NAME, signer: KEY, ...fields });
const verify = (der: Uint8Array, changes: Partial<CrlToVerify> = {}) =>
  verifyCrl(parseCrl(der), {
    issuer: AUTHORITY,
    instantMs: parseInstantText('2025-01-01T00:00:00Z'),
    graceMs: 0,
    verify: verifyNode,
    what: 'test list',
    ...changes,
  });

describe('a revocation list', () => {
  test('says who revoked what, and when', async () => {
    const revoked = ['00', '7f', { serial: '00ff', extensions: [reason(1)] }, { serial: '01'.repeat(20) }];
    const der = make({ revoked, nextUpdate: generalizedTime('20260101000000Z') });
    const crl = parseCrl(der);
    expect(toHex(crl.issuer)).toBe(toHex(NAME));
    expect(crl.thisUpdateMs).toBe(Date.UTC(2024, 0, 1));
    expect(crl.nextUpdateMs).toBe(Date.UTC(2026, 0, 1));
    expect([...crl.revoked]).toEqual(['00', '7f', '00ff', '01'.repeat(20)]);
    await verify(der);
  });

  test('may be empty, without extensions or with an entry on hold', async () => {
    expect(parseCrl(make()).revoked.size).toBe(0);
    expect(parseCrl(make({ extensions: [] })).revoked.size).toBe(0);
    expect([...parseCrl(make({ revoked: [{ serial: '05', extensions: [reason(6)] }] })).revoked]).toEqual(['05']);
    const keyId = extension('2.5.29.35', tlv(0x30, tlv(0x80, new Uint8Array(20))));
    await verify(make({ extensions: [crlNumber(7), keyId] }));
  });

  test.each(['ES384', 'RS256', 'PS384'] as const)('may be signed with %s', async (kind) => {
    const key = testKey(kind, 43);
    await verify(make({ signer: key }), { issuer: authority({ key, signer: key }) });
  });

  test('gives the serial numbers that it was made of', () => {
    const serials = fc.uniqueArray(fc.integer({ min: 0, max: 0x7fffffff }), { maxLength: 50 });
    fc.assert(
      fc.property(serials, (numbers) => {
        const revoked = numbers.map((number) => `40${toHex(u32(number))}`);
        expect([...parseCrl(make({ revoked })).revoked]).toEqual(revoked);
      }),
      { numRuns: 20 },
    );
  });

  const partial = extension('2.5.29.28', tlv(0x30, tlv(0x81, fromHex('ff'))), true);
  const critical = extension('1.2.3', u8(0), true);
  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['garbage', fromHex('deadbeef')],
    ['a certificate', AUTHORITY.der],
    ['version 1', make({ version: null })],
    ['another version', make({ version: 2 })],
    ['no next update', make({ nextUpdate: null })],
    ['no next update but entries', make({ nextUpdate: null, revoked: ['01'] })],
    ['a next update before this one', make({ nextUpdate: utcTime('231231235959Z') })],
    ['a time that is none', make({ thisUpdate: utcTime('240230000000Z') })],
    ['another algorithm inside than outside', make({ innerAlgorithm: fromHex('300506032b6570') })],
    ['a serial number twice', make({ revoked: ['01', '02', '01'] })],
    ['a serial number in two forms', make({ revoked: ['01', '0001'] })],
    ['a serial number of 22 bytes', make({ revoked: ['01'.repeat(22)] })],
    ['an entry without a time', make({ revoked: [{ serial: '01', revokedAt: new Uint8Array(0) }] })],
    ['an extension twice', make({ extensions: [crlNumber(1), crlNumber(2)] })],
    ['a critical extension', make({ extensions: [critical] })],
    ['a critical extension of an entry', make({ revoked: [{ serial: '01', extensions: [critical] }] })],
    ['an entry that removes itself', make({ revoked: [{ serial: '01', extensions: [reason(8)] }] })],
    ['a reason that is none', make({ revoked: [{ serial: '01', extensions: [extension('2.5.29.21', u8(1))] }] })],
    ['a delta indicator', make({ extensions: [extension('2.5.29.27', tlv(0x02, u8(1)), true)] })],
    ['a delta indicator that is not critical', make({ extensions: [extension('2.5.29.27', tlv(0x02, u8(1)))] })],
    ['a distribution point', make({ extensions: [partial] })],
    ['something behind it', concat(make(), u8(0))],
  ])('is refused with %s', (_, der) => {
    expect(() => parseCrl(der)).toThrow(code('crl_invalid'));
  });

  test('is refused with an algorithm that is not accepted', () => {
    const algorithm = fromHex('300a06082a8648ce3d040304');
    expect(() => parseCrl(make({ algorithm }))).toThrow(code('unsupported_algorithm'));
  });

  test('is refused above 128 KiB', () => {
    const revoked = Array.from({ length: 5_000 }, (_, i) => `40${toHex(u32(i))}`);
    expect(parseCrl(make({ revoked })).revoked.size).toBe(5_000);
    expect(() => parseCrl(make({ revoked: [...revoked, ...revoked] }))).toThrow(code('too_large'));
    expect(() => parseCrl(new Uint8Array(131_073))).toThrow(code('too_large'));
    expect(() => parseCrl(new Uint8Array(131_072))).toThrow(code('crl_invalid'));
  });

  test('is refused cut short anywhere', () => {
    const der = make({ revoked: ['01', { serial: '02', extensions: [reason(1)] }] });
    for (let length = 0; length < der.length; length++) {
      expect(() => parseCrl(der.subarray(0, length)), String(length)).toThrow(code('crl_invalid'));
    }
  });

  test('with any byte changed is refused, at the latest by its signature', async () => {
    const der = make({ revoked: ['01', { serial: '02', extensions: [reason(1)] }] });
    await verify(der);
    for (let i = 0; i < der.length; i++) {
      for (const mask of [0x01, 0x80]) {
        const changed = async () => verify(der.with(i, (der[i] ?? 0) ^ mask));
        await expect(changed(), `byte ${i}`).rejects.toThrow(TwinlockError);
      }
    }
  });
});

describe('verifying a list', () => {
  test('refuses that of another issuer', async () => {
    const other = name({ '2.5.4.3': 'other' });
    await expect(verify(make({ issuer: other }))).rejects.toThrow(code('crl_invalid', /test list.*"authority"/));
    await expect(verify(make(), { issuer: authority({ subject: other }) })).rejects.toThrow(code('crl_invalid'));
  });

  test('refuses an issuer that may not sign lists', async () => {
    const issuer = authority({ extensions: [basicConstraints(true), keyUsage(5)] });
    await expect(verify(make(), { issuer })).rejects.toThrow(code('crl_invalid', /may not sign/));
    await verify(make(), { issuer: authority({ extensions: [basicConstraints(true)] }) });
  });

  test('refuses a signature that is not of the issuer', async () => {
    await expect(verify(make({ signer: testKey('ES256', 99) }))).rejects.toThrow(code('signature_invalid'));
    await expect(verify(make({ signer: testKey('ES384', 41) }))).rejects.toThrow(code('unsupported_algorithm'));
  });

  test('refuses a list before its time and, but for the grace, after it', async () => {
    const at = (text: string, offsetMs = 0, graceMs = 0) =>
      verify(make(), { instantMs: parseInstantText(text) + offsetMs, graceMs });
    await at('2024-01-01T00:00:00Z');
    await at('2026-01-01T00:00:00Z');
    const early = code('endorsement_stale', /test list: the list begins at 2024-01-01T00:00:00Z/);
    await expect(at('2024-01-01T00:00:00Z', -1, DAY_MS)).rejects.toThrow(early);
    const late = code('endorsement_stale', /test list: the list was to be renewed by 2026-01-01T00:00:00Z/);
    await expect(at('2026-01-01T00:00:00Z', 1)).rejects.toThrow(late);
    await at('2026-01-01T00:00:00Z', DAY_MS, DAY_MS);
    await expect(at('2026-01-01T00:00:00Z', DAY_MS + 1, DAY_MS)).rejects.toThrow(late);
  });

  test('looks at the signature last', async () => {
    const stale = verify(make({ signer: testKey('ES256', 99) }), { instantMs: Date.UTC(2030, 0, 1) });
    await expect(stale).rejects.toThrow(code('endorsement_stale'));
  });
});

describe('a certificate', () => {
  const crl = parseCrl(make({ revoked: ['00', '0080'] }));

  test('that is listed is revoked', () => {
    for (const serial of ['00', '0080']) {
      const revoked = code('certificate_revoked', new RegExp(`"leaf", serial number ${serial}`));
      expect(() => requireUnrevoked(leaf(serial), crl, 'test list')).toThrow(revoked);
    }
    for (const serial of ['01', '0081', '7f']) requireUnrevoked(leaf(serial), crl, 'test list');
  });

  test('of another issuer is not for the list to clear', () => {
    const other = leaf('01', name({ '2.5.4.3': 'other' }));
    expect(() => requireUnrevoked(other, crl, 'test list')).toThrow(code('crl_invalid'));
  });
});
