import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCertificateTable, snpEndorsementsOf } from '../../../../client/host/collectors/certificate-table.ts';
import { fromBase64url, toBase64url, toHex, utf8 } from '../../../../src/core/bytes.ts';
import { snpCase } from '../../../platforms/snp.ts';
import { certificateTable, GUIDS } from './certificate-table.ts';

const malformed = expect.objectContaining({ code: 'malformed' });
const [VCEK, VLEK, ASK, ARK] = ['vcek', 'vlek', 'ask', 'ark'].map(utf8) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const BOTH = [
  { guid: GUIDS.ark, content: ARK },
  { guid: GUIDS.vlek, content: VLEK },
  { guid: GUIDS.vcek, content: VCEK },
];

function reportBy(signer: 'vcek' | 'vlek'): Uint8Array {
  return fromBase64url(snpCase({ signer }).report.report);
}

test('reads back any table, with or without bytes after it', () => {
  const guid = fc.uint8Array({ minLength: 16, maxLength: 16 }).filter((bytes) => bytes.some((byte) => byte !== 0));
  const entry = fc.record({ guid: guid.map(toHex), content: fc.uint8Array({ maxLength: 40 }) });
  const entries = fc.uniqueArray(entry, { selector: (one) => one.guid, maxLength: 6 });
  fc.assert(
    fc.property(entries, fc.nat(40), (list, padding) => {
      const parsed = parseCertificateTable(certificateTable(list, padding));
      expect([...parsed]).toEqual(list.map((one) => [one.guid, one.content]));
    }),
  );
});

test('takes nothing at all as an empty table', () => {
  expect(parseCertificateTable(new Uint8Array(0)).size).toBe(0);
});

test('refuses every truncation', () => {
  const table = certificateTable(BOTH);
  for (let length = 1; length < table.length; length++) {
    expect(() => parseCertificateTable(table.subarray(0, length)), `${length} bytes`).toThrow(malformed);
  }
});

test('refuses contents that overlap the table or end after it, and one GUID twice', () => {
  for (const offset of [0, 24, 47, 49, 0xffff_ffff]) {
    const table = certificateTable([{ guid: GUIDS.ask, content: ASK, offset }]);
    expect(() => parseCertificateTable(table), String(offset)).toThrow(malformed);
  }
  const twice = certificateTable([...BOTH, { guid: GUIDS.vcek, content: ASK }]);
  expect(() => parseCertificateTable(twice)).toThrow(malformed);
});

test('takes the certificate of the key that signed, among any others', () => {
  const table = certificateTable([...BOTH, { guid: GUIDS.ask, content: ASK }]);
  const ask = toBase64url(ASK);
  expect(snpEndorsementsOf(table, reportBy('vcek'), null)).toEqual({ vek: toBase64url(VCEK), ask, crl: null });
  expect(snpEndorsementsOf(table, reportBy('vlek'), null)).toEqual({ vek: toBase64url(VLEK), ask, crl: null });
});

test('has the revocation list where the hypervisor gives one', () => {
  const crl = utf8('crl');
  const table = certificateTable([...BOTH, { guid: GUIDS.ask, content: ASK }, { guid: GUIDS.crl, content: crl }]);
  expect(snpEndorsementsOf(table, reportBy('vcek'), null)?.crl).toBe(toBase64url(crl));
});

test('has each part that the hypervisor gives, and the issuer that is given beside them', () => {
  const none = { vek: null, ask: null, crl: null };
  expect(snpEndorsementsOf(new Uint8Array(0), reportBy('vcek'), null)).toBeNull();
  expect(snpEndorsementsOf(new Uint8Array(0), reportBy('vcek'), ASK)).toEqual({ ...none, ask: toBase64url(ASK) });
  const alone = certificateTable([{ guid: GUIDS.vlek, content: VLEK }]);
  expect(snpEndorsementsOf(alone, reportBy('vlek'), null)).toEqual({ ...none, vek: toBase64url(VLEK) });
  expect(snpEndorsementsOf(alone, reportBy('vcek'), null)).toBeNull();
  const whole = { vek: toBase64url(VLEK), ask: toBase64url(ASK), crl: null };
  expect(snpEndorsementsOf(alone, reportBy('vlek'), ASK)).toEqual(whole);
});
