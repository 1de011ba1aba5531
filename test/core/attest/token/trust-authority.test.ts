import { describe, expect, test } from 'vitest';
import { type Endorsements, NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { TRUST_AUTHORITY_CLAIMS } from '../../../../src/core/attest/token/claims.ts';
import {
  type TrustAuthorityReferenceValues,
  trustAuthorityReferenceValues,
} from '../../../../src/core/attest/token/reference-values.ts';
import type { TrustAuthorityReport } from '../../../../src/core/attest/token/report.ts';
import { appraiseTrustAuthority } from '../../../../src/core/attest/token/trust-authority.ts';
import { toBase64 } from '../../../../src/core/bytes.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import {
  ITA,
  ITA_PLATFORM,
  ITA_POLICY,
  keySetOf,
  NRAS,
  publicJwk,
  signToken,
  TOKEN_ENDORSEMENTS,
  TOKEN_INSTANT_MS,
  type TokenChanges,
  tdClaims,
  trustAuthorityToken,
  trustAuthorityTokenV2,
  trustAuthorityValues,
} from '../../../platforms/token.ts';
import { testKey } from '../../x509/certificate-kit.ts';

const DATA = new Uint8Array(64).fill(7);
const OTHER_DATA = new Uint8Array(64).fill(8);
const NOW = TOKEN_INSTANT_MS / 1000;
const NAMES = [
  ...['algorithm', 'key', 'key-trusted', 'signature', 'issuer', 'time', 'report-data', 'held-data', 'debug'],
  ...['migratable', 'module', 'attester-type', 'tcb-status', 'attributes', 'xfam', 'image', 'platform', 'policies'],
];

interface Changes {
  readonly expectedData?: Uint8Array | null;
  readonly endorsements?: Endorsements;
  readonly referenceValues?: TrustAuthorityReferenceValues | null;
  readonly instantMs?: number;
}

const appraised = (report: TrustAuthorityReport, changes: Changes = {}) =>
  appraiseTrustAuthority({
    report,
    expectedData: DATA,
    endorsements: TOKEN_ENDORSEMENTS,
    referenceValues: trustAuthorityValues(),
    instantMs: TOKEN_INSTANT_MS,
    verify: verifyNode,
    ...changes,
  });

async function broken(report: TrustAuthorityReport, changes: Changes = {}): Promise<string[]> {
  const { rules } = await appraised(report, changes);
  return rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
}

const token = (changes: TokenChanges = {}) => trustAuthorityToken(DATA, changes);
const payload = (changes: Readonly<Record<string, unknown>>) => token({ payload: changes });

describe('a token of Trust Authority', () => {
  test('that keeps every rule passes, in both of its versions', async () => {
    for (const report of [token(), trustAuthorityTokenV2(DATA)]) {
      const { rules, claims, label } = await appraised(report);
      expect(rules.every(({ pass }) => pass)).toBe(true);
      expect(rules.map(({ rule }) => rule)).toEqual(NAMES.map((name) => `ita.${name}`));
      expect(Object.keys(claims).sort()).toEqual(
        Object.keys(TRUST_AUTHORITY_CLAIMS)
          .filter((name) => name.startsWith('ita.'))
          .toSorted(),
      );
      expect(label).toBe('ita-c58a8dfd2621b60a');
    }
  });

  test('is checked without reference values for what it is in itself', async () => {
    const { rules } = await appraised(token(), { referenceValues: null, expectedData: null });
    const left = ['algorithm', 'key', 'signature', 'issuer', 'time', 'report-data', 'debug', 'migratable', 'module'];
    expect(rules.map(({ rule, pass }) => [rule, pass])).toEqual(left.map((name) => [`ita.${name}`, true]));
  });

  test('binds what was held without a nonce of the service too', async () => {
    const report = payload({ verifier_nonce: undefined, ...tdClaims(DATA, null) });
    expect(await broken(report)).toEqual([]);
  });

  test.each<[string, TrustAuthorityReport, string[]]>([
    [
      'for another algorithm of the same key',
      token({ key: { ...ITA.key, kind: 'RS256' } }),
      ['algorithm', 'signature'],
    ],
    ['that names no algorithm', token({ header: { alg: 'none' } }), ['algorithm', 'signature']],
    ['that names an algorithm of shared secrets', token({ header: { alg: 'HS384' } }), ['algorithm', 'signature']],
    [
      'signed as another algorithm than it names',
      token({ key: { ...ITA.key, kind: 'RS384' }, header: { alg: 'PS384' } }),
      ['signature'],
    ],
    ['of a key that the set has not', token({ header: { kid: 'other' } }), ['key', 'key-trusted', 'signature']],
    ['by another key', token({ key: testKey('PS384', 120) }), ['signature']],
    ['of another issuer', payload({ iss: 'Intel Trust Authority EU' }), ['issuer']],
    ['that has expired', payload({ exp: NOW }), ['time']],
    ['that is not valid yet', payload({ nbf: NOW + 61 }), ['time']],
    ['that was issued in the future', payload({ iat: NOW + 61 }), ['time']],
    ['that lasts for more than a day', payload({ exp: NOW - 60 + 86_401 }), ['time']],
    [
      'about other data than the processor signed',
      payload({ attester_held_data: toBase64(OTHER_DATA) }),
      ['report-data', 'held-data'],
    ],
    ['about data of another request', trustAuthorityToken(OTHER_DATA), ['held-data']],
    ['about no data', payload({ attester_held_data: undefined }), ['report-data', 'held-data']],
    ['with another nonce than was hashed', payload({ verifier_nonce: { val: 'AAAA', iat: 'AAAA' } }), ['report-data']],
    ['without report data', payload({ tdx_report_data: undefined }), ['report-data']],
    ['of a TD that may be debugged', payload({ tdx_is_debuggable: true }), ['debug']],
    ['that does not say whether the TD may be debugged', payload({ tdx_is_debuggable: undefined }), ['debug']],
    ['of a TD that is being debugged', payload({ dbgstat: 'enabled' }), ['debug']],
    ['with the debug attribute', payload({ tdx_td_attributes: '0100001000000000' }), ['debug', 'attributes']],
    ['of a TD that may migrate', payload({ tdx_td_attributes: '0000003000000000' }), ['migratable', 'attributes']],
    ['of a TD without attributes', payload({ tdx_td_attributes: undefined }), ['debug', 'migratable', 'attributes']],
    ['of a module that Intel did not sign', payload({ tdx_mrsignerseam: 'aa'.repeat(48) }), ['module']],
    ['of a module with attributes', payload({ tdx_seam_attributes: '0100000000000000' }), ['module']],
    ['of a platform that is out of date', payload({ attester_tcb_status: 'OutOfDate' }), ['tcb-status']],
    ['of a platform of no status', payload({ attester_tcb_status: undefined }), ['tcb-status']],
    ['with other attributes', payload({ tdx_td_attributes: '0000000000000000' }), ['attributes']],
    ['with other features', payload({ tdx_xfam: 'e718060000000000' }), ['xfam']],
    ['of another image', payload({ tdx_mrtd: 'a2'.repeat(48) }), ['image']],
    ['of another kernel', payload({ tdx_rtmr1: 'a2'.repeat(48) }), ['image']],
    ['that measured more as it ran', payload({ tdx_rtmr3: 'a2'.repeat(48) }), ['image']],
    ['of another configuration', payload({ tdx_mrconfigid: 'a2'.repeat(48) }), ['image']],
    ['of another owner', payload({ tdx_mrowner: 'a2'.repeat(48) }), ['image']],
    ['of a machine that is not listed', payload({ platform_instance_id: '00'.repeat(16) }), ['platform']],
    ['of a machine without an id', payload({ platform_instance_id: undefined }), ['platform']],
    ['without the policy', payload({ policy_ids_matched: [] }), ['policies']],
    [
      'of another version of the policy',
      payload({ policy_ids_matched: [{ ...ITA_POLICY, version: 'v2' }] }),
      ['policies'],
    ],
    ['with a policy that did not match', payload({ policy_ids_unmatched: [{ id: 'x', version: 'v1' }] }), ['policies']],
  ])('%s is refused', async (_, report, rules) => {
    expect((await broken(report)).sort()).toEqual(rules.map((rule) => `ita.${rule}`).sort());
  });

  test.each([...'0123456789abcdef'])(
    'of a TD whose bits 28 to 31 are %s is refused by them for bit 29 alone',
    async (digit) => {
      const attributes = `000000${digit}000000000`;
      const referenceValues = trustAuthorityValues({ attributes: [attributes] });
      const mayMigrate = (Number.parseInt(digit, 16) & 2) !== 0;
      const report = payload({ tdx_td_attributes: attributes });
      expect(await broken(report, { referenceValues })).toEqual(mayMigrate ? ['ita.migratable'] : []);
    },
  );

  test('about an SGX enclave is refused: the rules about a TD are not reached', async () => {
    const report = payload({ attester_type: 'SGX' });
    expect(await broken(report)).toEqual([
      'ita.report-data',
      'ita.attester-type',
      'ita.debug',
      'ita.migratable',
      'ita.module',
    ]);
    expect(await broken(payload({ attester_type: undefined }))).toContain('ita.attester-type');
  });

  test('does not choose where its key comes from', async () => {
    const other = testKey('PS384', 120);
    const header = {
      jku: 'https://example.com/certs',
      jwk: publicJwk(other),
      x5u: 'https://example.com',
      x5c: ['AA=='],
    };
    expect(await broken(token({ header }))).toEqual([]);
    expect(await broken(token({ header, key: other }))).toEqual(['ita.signature']);
  });

  test('is not held by the key set of another service', async () => {
    const jwk = { ...ITA.jwk };
    const endorsements = { ...NO_ENDORSEMENTS, ...keySetOf(NRAS, [jwk]) };
    expect(await broken(token(), { endorsements })).toEqual(['ita.key', 'ita.signature', 'ita.key-trusted']);
  });

  test('is not held by a key that somebody put into the set', async () => {
    const key = testKey('PS384', 120);
    const endorsements = { ...TOKEN_ENDORSEMENTS, ...keySetOf(ITA, [{ ...ITA.jwk, ...publicJwk(key) }]) };
    expect(await broken(token({ key }), { endorsements })).toEqual(['ita.key-trusted']);
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['no issuer', { iss: undefined }],
    ['no expiry', { exp: undefined }],
    ['no time from which it is valid', { nbf: undefined }],
    ['a time in text', { iat: String(NOW) }],
    ['a time in parts of a second', { exp: NOW + 0.5 }],
    ['a time after the year 9999', { exp: 1e15 }],
    ['held data that are not in base64', { attester_held_data: 'AB' }],
    ['a claim of another type', { tdx_mrtd: 5 }],
    ['an answer in text where it is true or false', { tdx_is_debuggable: 'false' }],
    ['a claim that a terminal would obey', { attester_tcb_status: '\u001b[2J' }],
  ])('with %s cannot be parsed', async (_, changes) => {
    await expect(appraised(payload(changes))).rejects.toThrow(expect.objectContaining({ code: 'malformed' }));
  });

  test('is refused with any of its characters changed', async () => {
    const { token: text } = token();
    const parts = [...text].flatMap((character, at) => (character === '.' ? [] : [at]));
    for (const at of parts) {
      const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
      const report = { platform: 'intel-trust-authority' as const, token: changed };
      const refused = await broken(report, { referenceValues: null }).catch((error: { readonly code: string }) => [
        error.code,
      ]);
      expect(refused, `character ${at}`).not.toEqual([]);
    }
  });
});

describe('reference values for Trust Authority', () => {
  test('compare nothing where they are null', async () => {
    const referenceValues = trustAuthorityValues({ platforms: null, policies: null });
    const report = payload({ platform_instance_id: undefined, policy_ids_matched: undefined });
    expect(await broken(report, { referenceValues })).toEqual([]);
    expect((await appraised(report)).label).toBe('ita-unnamed');
  });

  test('refuse a TCB of an earlier date than theirs, and a token whose date is none', async () => {
    const date = '2024-03-13T00:00:00Z';
    const from = (minTcbDate: string) => ({ referenceValues: trustAuthorityValues({ minTcbDate }) });
    for (const [dated, report] of [
      [undefined, payload({ attester_tcb_date: undefined })],
      [null, trustAuthorityTokenV2(DATA, { attester_tcb_date: null })],
      ['later than any', payload({ attester_tcb_date: 'later than any' })],
      ['a day', payload({ attester_tcb_date: '2024-03-13' })],
      ['of another zone', payload({ attester_tcb_date: '2024-03-13T00:00:00+02:00' })],
      ['in parts of a second', payload({ attester_tcb_date: '2024-03-13T00:00:00.5Z' })],
    ] as const) {
      expect(await broken(report, from(date)), String(dated)).toEqual(['ita.tcb-date']);
      expect(await broken(report), String(dated)).toEqual([]);
    }
    for (const report of [token(), trustAuthorityTokenV2(DATA)]) {
      expect(await broken(report, from(date))).toEqual([]);
      const { rules } = await appraised(report, from('2024-03-13T00:00:01Z'));
      expect(rules.filter(({ pass }) => !pass)).toEqual([
        { rule: 'ita.tcb-date', expected: 'from 2024-03-13T00:00:01Z', got: date, pass: false },
      ]);
    }
  });

  test('refuse everybody where they are empty', async () => {
    const empty = trustAuthorityValues({
      anchors: [],
      images: [],
      attributes: [],
      xfams: [],
      tcbStatuses: [],
      platforms: [],
      policies: [],
    });
    const rules = ['attributes', 'image', 'key-trusted', 'platform', 'policies', 'tcb-status', 'xfam'];
    expect((await broken(token(), { referenceValues: empty })).sort()).toEqual(rules.map((rule) => `ita.${rule}`));
  });

  test('refuse everybody where the list of policies is empty, even who matched none', async () => {
    const referenceValues = trustAuthorityValues({ policies: [] });
    for (const matched of [[ITA_POLICY], [], undefined]) {
      expect(await broken(payload({ policy_ids_matched: matched }), { referenceValues })).toEqual(['ita.policies']);
    }
    const { rules } = await appraised(token(), { referenceValues });
    expect(rules.find(({ rule }) => rule === 'ita.policies')).toMatchObject({
      expected: 'none is allowed',
      got: `matched ${ITA_POLICY.id} v1; unmatched none`,
    });
  });

  test('match policies of version 2 at the top and under tdx, and none may be unmatched in either', async () => {
    const none = { policy_ids_matched: null, policy_ids_unmatched: null };
    const [matched, unmatched] = [{ policy_ids_matched: [ITA_POLICY] }, { policy_ids_unmatched: [ITA_POLICY] }];
    const brokenV2 = (tdx: object, top: object) => broken(trustAuthorityTokenV2(DATA, { ...tdx }, { ...none, ...top }));
    for (const [tdx, top] of [
      [{}, matched],
      [matched, {}],
      [matched, matched],
    ] as const) {
      expect(await brokenV2(tdx, top)).toEqual([]);
    }
    for (const [tdx, top] of [
      [{}, {}],
      [none, {}],
      [unmatched, matched],
      [matched, unmatched],
      [{ ...matched, ...unmatched }, {}],
    ] as const) {
      expect(await brokenV2(tdx, top)).toEqual(['ita.policies']);
    }
    // In version 1 there is no such place.
    expect(await broken(payload({ ...none, policies: matched }))).toEqual(['ita.policies']);
  });

  test('ask for all of several policies', async () => {
    const other = { id: '7f381430-51f8-47b0-a6e0-393ef1837af3', version: 'v1' };
    const referenceValues = trustAuthorityValues({ policies: [ITA_POLICY, other] });
    expect(await broken(token(), { referenceValues })).toEqual(['ita.policies']);
    const both = trustAuthorityTokenV2(DATA, { policy_ids_matched: [other] });
    expect(await broken(both, { referenceValues })).toEqual([]);
  });

  test('give approvers time after a token has expired, and none before it begins', async () => {
    const graceMs = 3_600_000;
    const reach = async (exp: number, changes: Changes = {}) =>
      broken(payload({ exp }), { referenceValues: trustAuthorityValues({ graceMs }), ...changes });
    const strict = { referenceValues: trustAuthorityValues({ graceMs: 0 }) };
    const before = TOKEN_INSTANT_MS - 60_000;
    expect(await reach(NOW, strict)).toEqual(['ita.time']);
    expect(await reach(NOW)).toEqual([]);
    expect(await reach(NOW, { instantMs: TOKEN_INSTANT_MS + graceMs - 1 })).toEqual([]);
    expect(await reach(NOW, { instantMs: TOKEN_INSTANT_MS + graceMs })).toEqual(['ita.time']);
    // Neither a beginning is moved, nor how long a token may last, nor what no policy says.
    expect(await reach(NOW + 240, { instantMs: before - 60_001 })).toEqual(['ita.time']);
    expect(await reach(NOW - 60 + 86_401)).toEqual(['ita.time']);
    expect(await reach(NOW - 60)).toEqual(['ita.time']);
    expect(await reach(NOW, { referenceValues: null })).toEqual(['ita.time']);
  });

  test('show the time that they give', async () => {
    const expected = async (graceMs: number) => {
      const { rules } = await appraised(token(), { referenceValues: trustAuthorityValues({ graceMs }) });
      return rules.find(({ rule }) => rule === 'ita.time')?.expected;
    };
    const base = 'issued before, valid at 2025-01-01T00:00:00Z (a minute ahead at most';
    expect(await expected(0)).toBe(`${base}), for at most a day`);
    expect(await expected(3_600_000)).toBe(`${base}, 3600000 ms after its end), for at most a day`);
  });

  test('match an image as a whole', async () => {
    const [image] = trustAuthorityValues().images;
    const images = [
      { ...image, name: 'one', mrTd: 'cc'.repeat(48) },
      { ...image, name: 'other', rtmr2: 'cc'.repeat(48) },
    ] as TrustAuthorityReferenceValues['images'];
    expect(await broken(token(), { referenceValues: trustAuthorityValues({ images }) })).toEqual(['ita.image']);
  });

  test.each([
    ['a field that no rule knows', { region: 'EU' }],
    ['a revoked platform', { tcbStatuses: ['Revoked'] }],
    ['a platform in capitals', { platforms: [ITA_PLATFORM.toUpperCase()] }],
    ['a missing field', { keys: undefined }],
    ['no issuer', { issuer: '' }],
    ['no word on how long approvers have', { graceMs: undefined }],
    ['a grace of more than a day', { graceMs: 86_400_001 }],
    ['a grace of less than nothing', { graceMs: -1 }],
    ['a grace in parts of milliseconds', { graceMs: 0.5 }],
  ])('are refused with %s', (_, changes) => {
    expect(trustAuthorityReferenceValues.safeParse({ ...trustAuthorityValues(), ...changes }).success).toBe(false);
    expect(trustAuthorityReferenceValues.safeParse(trustAuthorityValues()).success).toBe(true);
  });
});

test('a token signed by another service of the same kind of key is no token of this one', async () => {
  const report = {
    platform: 'intel-trust-authority' as const,
    token: signToken(NRAS, { iss: 'Intel Trust Authority' }),
  };
  await expect(appraised(report)).rejects.toThrow(expect.objectContaining({ code: 'malformed' }));
});
