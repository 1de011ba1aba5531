import { describe, expect, test } from 'vitest';
import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { appraiseTdx } from '../../../../src/core/attest/tdx/appraise.ts';
import { TDX_CLAIMS } from '../../../../src/core/attest/tdx/claims.ts';
import type { TdxEndorsements } from '../../../../src/core/attest/tdx/endorsements.ts';
import { type TdxReferenceValues, tdxReferenceValues } from '../../../../src/core/attest/tdx/reference-values.ts';
import { requiredRules } from '../../../../src/core/attest/tdx/rules.ts';
import { fromHex, toBase64url, utf8 } from '../../../../src/core/bytes.ts';
import { parseAs } from '../../../../src/core/schema.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import {
  enclaveLevelJson,
  makeAuthority,
  makeRoot,
  makeTcbSigner,
  makeTdx,
  NAMES,
  PCK,
  platformLevelJson,
  QE_IDENTITY,
  TCB_INFO,
  TD_BODY,
  TDX_IMAGE,
  TDX_KEYS,
  TDX_REFERENCE_VALUES,
  TDX_ROOT,
  TDX_SERIALS,
  type TdxChanges,
} from '../../../platforms/tdx.ts';
import { basicConstraints, keyUsage, name, signBy, utcTime } from '../../x509/certificate-kit.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const INSTANT = 1_748_736_000_000; // 2025-06-01
const DAY_MS = 86_400_000;
const EXPECTED_DATA = fromHex(TD_BODY.reportData);

interface Given {
  readonly values?: Partial<TdxReferenceValues>;
  readonly endorsements?: Partial<TdxEndorsements>;
  readonly instantMs?: number;
  readonly expectedData?: Uint8Array;
}

function appraise(changes: TdxChanges = {}, given: Given = {}) {
  const { report, endorsements } = makeTdx(changes);
  return appraiseTdx({
    report,
    expectedData: given.expectedData ?? EXPECTED_DATA,
    endorsements: { ...NO_ENDORSEMENTS, tdx: { ...endorsements, ...given.endorsements } },
    referenceValues: { ...TDX_REFERENCE_VALUES, ...given.values },
    instantMs: given.instantMs ?? INSTANT,
    verify: verifyNode,
  });
}

/** The rules that fail, each with what it got. */
async function broken(changes: TdxChanges = {}, given: Given = {}): Promise<Record<string, string>> {
  const { rules } = await appraise(changes, given);
  return Object.fromEntries(rules.filter((rule) => !rule.pass).map(({ rule, got }) => [rule, got]));
}

/** The first rule that fails, and the code it gives. */
async function firstBroken(changes: TdxChanges, given: Given = {}): Promise<[string, string] | null> {
  const [first] = Object.entries(await broken(changes, given));
  return first === undefined ? null : [first[0], first[1].split(':')[0] ?? ''];
}

describe('a TD that is as expected', () => {
  test.each([
    ['version 4', {}, 'not said'],
    ['version 5, TDX 1.0', { header: { version: 5, bodyType: 2 } }, 'not said'],
    ['version 5, TDX 1.5', { header: { version: 5 } }, 'none'],
  ] satisfies [string, TdxChanges, string][])(
    'says of its service TD what its quote says: %s',
    async (_, changes, got) => {
      const { rules } = await appraise(changes);
      expect(rules).toContainEqual(expect.objectContaining({ rule: 'tdx.service-td', got, pass: true }));
    },
  );

  test.each([
    ['version 4', {}],
    ['version 5, TDX 1.0', { header: { version: 5, bodyType: 2 } }],
    ['version 5, TDX 1.5', { header: { version: 5 } }],
  ])('passes every rule once: %s', async (_, changes) => {
    const { label, rules, claims } = await appraise(changes);
    expect(rules.filter((rule) => !rule.pass)).toEqual([]);
    const names = rules.map(({ rule }) => rule);
    expect(new Set(names).size).toBe(names.length);
    expect(names.toSorted()).toEqual([...requiredRules({ referenceValues: {}, expectedData: {} })].sort());
    expect(label).toBe('tdx-0123456789abcdef');
    expect(claims).toMatchObject({ 'tdx.tcb.status': 'UpToDate', 'tdx.tcb.module': 'TDX_01' });
  });

  test('claims only what can be revoked by name', async () => {
    const { claims } = await appraise({ header: { version: 5 } });
    expect(Object.keys(claims).toSorted()).toEqual(Object.keys(TDX_CLAIMS).sort());
  });

  test('passes with what the platform left after the quote, and says how much', async () => {
    const trailing = new Uint8Array(70);
    expect(await broken({ trailing })).toEqual({});
    expect((await appraise({ trailing })).claims).toMatchObject({ 'tdx.trailing-bytes': '70' });
  });

  test('passes with a chain that leaves the root out', async () => {
    expect(await broken({ issuers: [makeAuthority()] })).toEqual({});
  });
});

describe('authenticity alone', () => {
  const alone = (changes: TdxChanges = {}, endorsements: TdxEndorsements | null = makeTdx(changes).endorsements) =>
    appraiseTdx({
      report: makeTdx(changes).report,
      expectedData: null,
      endorsements: { ...NO_ENDORSEMENTS, tdx: endorsements ?? undefined },
      referenceValues: null,
      instantMs: INSTANT,
      verify: verifyNode,
    });

  test('is under the vendor’s root, which a test’s is not', async () => {
    const { rules } = await alone();
    expect(rules.map(({ rule }) => rule).toSorted()).toEqual(
      [...requiredRules({ referenceValues: null, expectedData: null })].sort(),
    );
    expect(rules.find(({ rule }) => rule === 'tdx.pck-chain')).toMatchObject({ pass: false });
  });

  test.each([
    ['tdx.root-crl', { rootCaCrl: null }],
    ['tdx.pck-crl', { pckCrl: null }],
    ['tdx.tcb-info', { tcbInfo: null, tcbInfoSignature: null, tcbInfoChain: null }],
    ['tdx.qe-identity', { qeIdentity: null, qeIdentitySignature: null, qeIdentityChain: null }],
  ] satisfies [string, Partial<TdxEndorsements>][])(
    'without its part is missing %s, and no other part',
    async (rule, part) => {
      const missing = Object.entries(await broken({}, { endorsements: part })).filter(
        ([, got]) => got !== 'not reached',
      );
      expect(missing).toEqual([[rule, expect.stringMatching(/^endorsement_missing: /)]]);
    },
  );

  test('needs collateral', async () => {
    const { rules } = await alone({}, null);
    for (const name of ['tdx.root-crl', 'tdx.pck-crl', 'tdx.tcb-info', 'tdx.qe-identity']) {
      expect(rules.find(({ rule }) => rule === name)?.got).toMatch(/^endorsement_missing/);
    }
    expect(rules.find(({ rule }) => rule === 'tdx.tcb-status')).toMatchObject({ got: 'not reached', pass: false });
  });
});

describe('a quote', () => {
  test.each([
    ['of an SGX enclave', { header: { teeType: 0 } }, { 'tdx.tee-type': '0x0' }],
    ['with a key of another type', { header: { keyType: 3 } }, { 'tdx.key-type': '3' }],
    ['of another vendor’s QE', { header: { qeVendor: '00'.repeat(16) } }, { 'tdx.qe-vendor': '00'.repeat(16) }],
    ['that its key did not sign', { quoteSigner: TDX_KEYS.stranger }, { 'tdx.signature': 'signature_invalid' }],
    ['of a QE that the PCK did not sign', { qeSigner: TDX_KEYS.stranger }, { 'tdx.qe-signature': 'signature_invalid' }],
    [
      'whose QE vouches for another key',
      { qe: { reportData: '00'.repeat(64) } },
      { 'tdx.qe-report-data': '00'.repeat(64) },
    ],
  ])('%s breaks the rule', async (_, changes, expected) => {
    expect(await broken(changes)).toEqual(expected);
  });

  test('whose QE report data has more than the digest breaks the rule', async () => {
    const { rules } = await appraise();
    const bound = rules.find(({ rule }) => rule === 'tdx.qe-report-data')?.expected ?? '';
    const reportData = `${bound.slice(0, 64)}${'00'.repeat(31)}01`;
    expect(await broken({ qe: { reportData } })).toEqual({ 'tdx.qe-report-data': reportData });
  });

  test('that binds something else breaks the rule', async () => {
    const expectedData = new Uint8Array(64).fill(1);
    expect(Object.keys(await broken({}, { expectedData }))).toEqual(['tdx.report-data']);
  });
});

describe('the PCK certificate', () => {
  const other = makeRoot({ key: TDX_KEYS.stranger, signer: TDX_KEYS.stranger });
  test.each([
    ['under no root that is pinned', {}, { values: { roots: [] } }, 'certificate_untrusted'],
    ['under a root of the same name', {}, { values: { roots: [toBase64url(other)] } }, 'signature_invalid'],
    ['that has expired', { pckCertificate: { notAfter: utcTime('250531000000Z') } }, {}, 'certificate_expired'],
    [
      'that is not valid yet',
      { pckCertificate: { notBefore: utcTime('250701000000Z') } },
      {},
      'certificate_not_yet_valid',
    ],
    ['that a stranger signed', { pckCertificate: { signer: TDX_KEYS.stranger } }, {}, 'signature_invalid'],
    ['without its authority', { issuers: [] }, {}, 'certificate_untrusted'],
    [
      'of an authority that is none',
      { issuers: [makeAuthority({ extensions: [basicConstraints(false), keyUsage(0)] })] },
      {},
      'certificate_usage',
    ],
    [
      'right under the root',
      { pckCertificate: { signer: TDX_KEYS.root, key: TDX_KEYS.pck }, issuers: [TDX_ROOT] },
      {},
      'certificate_untrusted',
    ],
  ] satisfies [string, TdxChanges, Given, string][])('%s breaks the rule', async (_, changes, given, expected) => {
    expect(await firstBroken(changes, given)).toEqual(['tdx.pck-chain', expected]);
  });

  test('of a chip that is not listed breaks the rule, where chips are listed', async () => {
    const pck = { ppid: 'ff'.repeat(16) };
    expect(await broken({ pck })).toEqual({ 'tdx.chip-list': pck.ppid });
    expect(await broken({ pck }, { values: { chips: null } })).toEqual({});
    expect(await broken({}, { values: { chips: [] } })).toEqual({ 'tdx.chip-list': PCK.ppid });
  });
});

describe('revocation', () => {
  const past = utcTime('250101000000Z');
  test.each([
    [
      'a PCK certificate that is revoked',
      { pckCrl: { revoked: [TDX_SERIALS.pck] } },
      'tdx.pck-crl',
      'certificate_revoked',
    ],
    [
      'an authority that is revoked',
      { rootCrl: { revoked: [TDX_SERIALS.authority] } },
      'tdx.root-crl',
      'certificate_revoked',
    ],
    [
      'a TCB signer that is revoked',
      { rootCrl: { revoked: [TDX_SERIALS.tcbSigner] } },
      'tdx.tcb-info',
      'certificate_revoked',
    ],
    ['a PCK list that is out of date', { pckCrl: { nextUpdate: past } }, 'tdx.pck-crl', 'endorsement_stale'],
    ['a root list that is out of date', { rootCrl: { nextUpdate: past } }, 'tdx.root-crl', 'endorsement_stale'],
    ['a PCK list of the root', { pckCrl: { issuer: NAMES.root, signer: TDX_KEYS.root } }, 'tdx.pck-crl', 'crl_invalid'],
    ['a PCK list of the other authority', { pckCrl: { issuer: NAMES.processor } }, 'tdx.pck-crl', 'crl_invalid'],
    [
      'a PCK list that a stranger signed',
      { pckCrl: { signer: TDX_KEYS.stranger } },
      'tdx.pck-crl',
      'signature_invalid',
    ],
    [
      'a root list that a stranger signed',
      { rootCrl: { signer: TDX_KEYS.stranger } },
      'tdx.root-crl',
      'signature_invalid',
    ],
  ] satisfies [string, TdxChanges, string, string][])('refuses %s', async (_, changes, rule, expected) => {
    expect(await firstBroken(changes)).toEqual([rule, expected]);
  });

  test('refuses both documents of a TCB signer that is revoked', async () => {
    const rules = await broken({ rootCrl: { revoked: [TDX_SERIALS.tcbSigner] } });
    expect(rules).toMatchObject({
      'tdx.tcb-info': expect.stringMatching(/^certificate_revoked/),
      'tdx.qe-identity': expect.stringMatching(/^certificate_revoked/),
    });
  });
});

describe('collateral', () => {
  const signer = makeTcbSigner();
  const signedBy = (text: string) => toBase64url(signBy(TDX_KEYS.tcbSigner, utf8(text)));
  test.each([
    ['that a stranger signed', { documentSigner: TDX_KEYS.stranger }, {}, 'signature_invalid'],
    ['signed by another name', { tcbSigner: { subject: NAMES.pck } }, {}, 'certificate_usage'],
    ['signed by a nameless one', { tcbSigner: { subject: name({}) } }, {}, 'certificate_usage'],
    [
      'signed by what may not sign data',
      { tcbSigner: { extensions: [basicConstraints(false), keyUsage(4)] } },
      {},
      'certificate_usage',
    ],
    [
      'signed by an expired certificate',
      { tcbSigner: { notAfter: utcTime('250531000000Z') } },
      {},
      'certificate_expired',
    ],
    ['without the signer', {}, { tcbInfoChain: [toBase64url(TDX_ROOT)] }, 'certificate_usage'],
    [
      'under another root',
      {},
      { tcbInfoChain: [signer, makeRoot({ key: TDX_KEYS.stranger, signer: TDX_KEYS.stranger })].map(toBase64url) },
      'signature_invalid',
    ],
    [
      'signed by what an authority below the root issued',
      { tcbSigner: { issuer: NAMES.authority, signer: TDX_KEYS.authority } },
      {
        tcbInfoChain: [
          makeTcbSigner({ issuer: NAMES.authority, signer: TDX_KEYS.authority }),
          makeAuthority(),
          TDX_ROOT,
        ].map(toBase64url),
      },
      'certificate_untrusted',
    ],
    ['of SGX', { tcbInfo: { id: 'SGX' } }, {}, 'malformed'],
    ['with a space more than was signed', {}, { tcbInfo: `${JSON.stringify(TCB_INFO)} ` }, 'signature_invalid'],
  ] satisfies [string, TdxChanges, Partial<TdxEndorsements>, string][])(
    'TCB info %s breaks the rule',
    async (_, changes, endorsements, expected) => {
      expect(await firstBroken(changes, { endorsements })).toEqual(['tdx.tcb-info', expected]);
    },
  );

  test('TCB info as a QE identity, and the other way round, breaks the rules', async () => {
    const { endorsements } = makeTdx();
    const { tcbInfo, tcbInfoSignature, qeIdentity, qeIdentitySignature } = endorsements;
    const swapped = {
      tcbInfo: qeIdentity,
      tcbInfoSignature: qeIdentitySignature,
      qeIdentity: tcbInfo,
      qeIdentitySignature: tcbInfoSignature,
    };
    const rules = await broken({}, { endorsements: swapped });
    expect(rules['tdx.tcb-info']).toMatch(/^malformed/);
    expect(rules['tdx.qe-identity']).toMatch(/^malformed/);
  });

  test('is read as it was signed, with any white space', async () => {
    const text = JSON.stringify(TCB_INFO, null, 1);
    expect(await broken({}, { endorsements: { tcbInfo: text, tcbInfoSignature: signedBy(text) } })).toEqual({});
  });

  test.each([
    ['tdx.tcb-info-dates', 'tcbInfo'],
    ['tdx.qe-identity-dates', 'qeIdentity'],
  ] as const)('that is not current breaks %s, unless within the grace', async (rule, member) => {
    const stale = { [member]: { issueDate: '2025-01-01T00:00:00Z', nextUpdate: '2025-05-31T00:00:00Z' } };
    expect(await firstBroken(stale)).toEqual([rule, 'endorsement_stale']);
    expect((await broken(stale))[rule]).toContain('2025-05-31T00:00:00Z');
    expect(await broken(stale, { values: { graceMs: DAY_MS } })).toEqual({});
    expect(await firstBroken(stale, { values: { graceMs: DAY_MS - 1 } })).toEqual([rule, 'endorsement_stale']);
    const early = { [member]: { issueDate: '2025-06-02T00:00:00Z' } };
    expect(await firstBroken(early, { values: { graceMs: DAY_MS } })).toEqual([rule, 'endorsement_stale']);
  });

  test('of another platform family, or PCE, breaks the rule', async () => {
    expect(await broken({ tcbInfo: { fmspc: '000000000000' } })).toEqual({ 'tdx.fmspc': PCK.fmspc });
    expect(await broken({ tcbInfo: { pceId: '0001' } })).toEqual({ 'tdx.pceid': PCK.pceId });
  });

  test('of an earlier evaluation than policy asks breaks the rule, of either document', async () => {
    expect(await broken({}, { values: { minTcbEvaluationDataNumber: 19 } })).toEqual({ 'tdx.tcb-evaluation': '18' });
    expect(await broken({ tcbInfo: { tcbEvaluationDataNumber: 17 } })).toEqual({ 'tdx.tcb-evaluation': '17' });
    expect(await broken({ qeIdentity: { tcbEvaluationDataNumber: 16 } })).toEqual({ 'tdx.tcb-evaluation': '16' });
  });
});

describe('the TCB', () => {
  const older = { components: [2, 2, 2, 2, 3, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0] };

  test('of a platform that reaches no level has none, and no status', async () => {
    const pck = { components: new Array(16).fill(0) };
    expect(await broken({ pck })).toEqual({ 'tdx.tcb-level': 'none', 'tdx.tcb-status': 'not reached' });
  });

  test('is the platform’s where module and QE are up to date, with its advisories in order', async () => {
    expect(await broken({ pck: older })).toEqual({ 'tdx.tcb-status': 'OutOfDate' });
    const { claims } = await appraise({ pck: older });
    expect(claims).toMatchObject({
      'tdx.tcb.platform-status': 'OutOfDate',
      'tdx.tcb.module-status': 'UpToDate',
      'tdx.tcb.qe-status': 'UpToDate',
      'tdx.tcb.advisories': 'INTEL-SA-00001 INTEL-SA-00002',
    });
  });

  test('is the module’s where that is the worst', async () => {
    const body = { teeTcbSvn: '04010300000000000000000000000000' };
    expect(await broken({ body })).toEqual({ 'tdx.tcb-status': 'OutOfDate' });
    expect((await appraise({ body })).claims).toMatchObject({ 'tdx.tcb.advisories': 'INTEL-SA-00003' });
  });

  test('of a TD whose module was out of date at its launch and is not now is a status of its own', async () => {
    const launched = '04010300000000000000000000000000';
    const since = (teeTcbSvn2: string): TdxChanges => ({
      header: { version: 5 },
      body: { teeTcbSvn: launched, teeTcbSvn2 },
    });
    const replaced = since('06010300000000000000000000000000');
    expect(await broken(replaced)).toEqual({ 'tdx.tcb-status': 'TDRelaunchAdvised' });
    expect(await broken(replaced, { values: { tcbStatuses: ['TDRelaunchAdvised'] } })).toEqual({});
    expect(await broken(replaced, { values: { tcbStatuses: ['OutOfDate'] } })).not.toEqual({});
    for (const teeTcbSvn2 of [launched, '06020300000000000000000000000000', '06010000000000000000000000000000']) {
      expect(await broken(since(teeTcbSvn2))).toEqual({ 'tdx.tcb-status': 'OutOfDate' });
    }
  });

  test('of a TD whose module is older now than at its launch is the launch’s', async () => {
    const older = { header: { version: 5 }, body: { teeTcbSvn2: '04010300000000000000000000000000' } };
    const { claims } = await appraise(older);
    expect([claims['tdx.tcb.status'], await broken(older)]).toEqual(['UpToDate', {}]);
  });

  test('of a TD whose quoting enclave is out of date is not mended by launching it again', async () => {
    const body = { teeTcbSvn: '04010300000000000000000000000000' };
    const changes = { header: { version: 5 }, body, qe: { isvSvn: 3 } };
    expect(await broken(changes)).toEqual({ 'tdx.tcb-status': 'OutOfDate' });
  });

  test('of a level before the policy’s date breaks the rule, where the policy has one', async () => {
    const date = '2024-11-13T00:00:00Z';
    const from = (minTcbDate: string) => ({ values: { minTcbDate } });
    expect(await broken({}, from(date))).toEqual({});
    expect(await broken({}, from('2024-11-13T00:00:01Z'))).toEqual({ 'tdx.tcb-date': date });
    const older = '2023-08-09T00:00:00Z';
    const qeLevel = { ...enclaveLevelJson(4, 'UpToDate'), tcbDate: older };
    expect(await broken({ qeIdentity: { tcbLevels: [qeLevel] } }, from(date))).toEqual({ 'tdx.tcb-date': older });
    const [identity] = TCB_INFO.tdxModuleIdentities;
    const tcbLevels = [{ ...enclaveLevelJson(6, 'UpToDate'), tcbDate: older }];
    const tcbInfo = { tdxModuleIdentities: [{ ...identity, tcbLevels }] };
    expect(await broken({ tcbInfo }, from(date))).toEqual({ 'tdx.tcb-date': older });
    expect((await broken({ pck: { components: new Array(16).fill(0) } }, from(date)))['tdx.tcb-date']).toBe(
      'not reached',
    );
  });

  test('is the quoting enclave’s where that is the worst', async () => {
    expect(await broken({ qe: { isvSvn: 3 } })).toEqual({ 'tdx.tcb-status': 'OutOfDate' });
  });

  test('is refused where a revoked level is the one reached, under every policy', async () => {
    const pck = { ...older, pceSvn: 5 };
    const tcbStatuses: TdxReferenceValues['tcbStatuses'] = ['UpToDate', 'OutOfDate', 'OutOfDateConfigurationNeeded'];
    expect(await broken({ pck }, { values: { tcbStatuses } })).toEqual({ 'tdx.tcb-status': 'Revoked' });
  });

  test('is accepted as far as policy lists it, and an empty list refuses everybody', async () => {
    expect(await broken({ pck: older }, { values: { tcbStatuses: ['OutOfDate'] } })).toEqual({});
    expect(await broken({}, { values: { tcbStatuses: ['OutOfDate'] } })).toEqual({ 'tdx.tcb-status': 'UpToDate' });
    expect(await broken({}, { values: { tcbStatuses: [] } })).toEqual({ 'tdx.tcb-status': 'UpToDate' });
  });

  test('of a module that Intel does not list, or of too low an SVN, is refused', async () => {
    const unknown = await broken({ body: { teeTcbSvn: '06020300000000000000000000000000' } });
    expect(unknown).toEqual({
      'tdx.module': 'no such module in the TCB info',
      'tdx.module-level': 'none',
      'tdx.tcb-status': 'not reached',
    });
    const low = await broken({ body: { teeTcbSvn: '03010300000000000000000000000000' } });
    expect(low).toEqual({ 'tdx.module-level': 'none', 'tdx.tcb-status': 'not reached' });
  });

  test('of a module without a version is in the platform’s level', async () => {
    const body = { teeTcbSvn: '05000300000000000000000000000000' };
    expect(await broken({ body })).toEqual({});
    const low = await broken({ body: { teeTcbSvn: '04000300000000000000000000000000' } });
    expect(low).toEqual({ 'tdx.tcb-level': 'none', 'tdx.tcb-status': 'not reached' });
  });

  test('of a module that another signed, or with other attributes, is refused', async () => {
    const tdxModule = { ...TCB_INFO.tdxModule, mrsigner: '01'.repeat(48) };
    const unversioned = { body: { teeTcbSvn: '05000300000000000000000000000000' } };
    expect(await broken({ ...unversioned, tcbInfo: { tdxModule } })).toEqual({ 'tdx.module': 'others' });
    const [identity] = TCB_INFO.tdxModuleIdentities;
    const tdxModuleIdentities = [{ ...identity, attributes: '0000000000000001' }];
    expect(await broken({ tcbInfo: { tdxModuleIdentities } })).toEqual({ 'tdx.module': 'others' });
  });

  test.each([
    ['of another signer', { mrSigner: '00'.repeat(32) }],
    ['of another product', { isvProdId: 1 }],
    ['with a bit of MISCSELECT', { miscSelect: '01000000' }],
    ['in debug mode', { attributes: '1700000000000000e700000000000000' }],
  ])('of a quoting enclave %s is refused', async (_, qe) => {
    expect(Object.keys(await broken({ qe }))).toEqual(['tdx.qe-enclave']);
  });

  test('of a quoting enclave is compared where the mask says', async () => {
    // Bit 2 of the first byte, and the last eight bytes, are outside the mask.
    expect(await broken({ qe: { attributes: '1100000000000000ffffffffffffffff' } })).toEqual({});
    const qeIdentity = { ...QE_IDENTITY, tcbLevels: [enclaveLevelJson(8, 'UpToDate')] };
    expect(await broken({ qeIdentity })).toEqual({ 'tdx.qe-level': 'none', 'tdx.tcb-status': 'not reached' });
  });

  test('compares SVNs beyond 15 as numbers', async () => {
    const pck = { components: [200, ...PCK.components.slice(1)] };
    const tcbInfo = { tcbLevels: [platformLevelJson([30, 3, 2, 2, 4, 1, 0, 5], 13, [5, 0, 3], 'UpToDate')] };
    expect(await broken({ pck, tcbInfo })).toEqual({});
  });
});

describe('a TD', () => {
  test.each([
    ['of a module that is not Intel’s', { mrSignerSeam: `01${'00'.repeat(47)}` }, ['tdx.module', 'tdx.seam-signer']],
    ['of a module with attributes', { seamAttributes: '0000000000000080' }, ['tdx.module', 'tdx.seam-attributes']],
    ['in debug mode', { tdAttributes: '0100001000000000' }, ['tdx.debug', 'tdx.attributes']],
    ['with another bit of the debug group', { tdAttributes: '8000001000000000' }, ['tdx.debug', 'tdx.attributes']],
    ['without SEPT_VE_DISABLE', { tdAttributes: '0000000000000000' }, ['tdx.sept-ve-disable', 'tdx.attributes']],
    ['with attributes that are not listed', { tdAttributes: '0000005000000000' }, ['tdx.attributes']],
    ['with features that are not listed', { xfam: 'e718060000000000' }, ['tdx.xfam']],
    ['of another image', { mrTd: '00'.repeat(48) }, ['tdx.image']],
    ['of another RTMR0', { rtmr0: '00'.repeat(48) }, ['tdx.image']],
    ['of another RTMR1', { rtmr1: '00'.repeat(48) }, ['tdx.image']],
    ['of another RTMR2', { rtmr2: '00'.repeat(48) }, ['tdx.image']],
    ['of another RTMR3', { rtmr3: '00'.repeat(48) }, ['tdx.image']],
  ])('%s breaks the rule', async (_, body, expected) => {
    expect(Object.keys(await broken({ body }))).toEqual(expected);
  });

  test('with a service TD is refused, unless policy lists its hash', async () => {
    const hash = '01'.repeat(48);
    const bound: TdxChanges = { header: { version: 5 }, body: { mrServiceTd: hash } };
    expect(await broken(bound)).toEqual({ 'tdx.service-td': hash });
    expect(await broken(bound, { values: { serviceTds: [] } })).toEqual({ 'tdx.service-td': hash });
    expect(await broken(bound, { values: { serviceTds: ['02'.repeat(48)] } })).toEqual({ 'tdx.service-td': hash });
    expect(await broken(bound, { values: { serviceTds: ['02'.repeat(48), hash] } })).toEqual({});
    expect(await broken({ header: { version: 5 } }, { values: { serviceTds: [hash] } })).toEqual({});
  });

  test.each([
    ['version 4', {}],
    ['version 5, TDX 1.0', { header: { version: 5, bodyType: 2 } }],
    ['version 5, TDX 1.5', { header: { version: 5 } }],
    ['version 5, with a service TD that is listed', { header: { version: 5 }, body: { mrServiceTd: '01'.repeat(48) } }],
  ] satisfies [string, TdxChanges][])(
    'that may migrate is refused, though policy lists the bit: %s',
    async (_, given) => {
      const tdAttributes = '0000003000000000';
      const values = { attributes: [tdAttributes], serviceTds: ['01'.repeat(48)] };
      const changes = { ...given, body: { ...('body' in given ? given.body : {}), tdAttributes } };
      expect(await broken(changes, { values })).toEqual({ 'tdx.migratable': 'set' });
    },
  );

  test('may leave SEPT_VE_DISABLE out where policy does not ask for it', async () => {
    const attributes = ['0000000000000000'];
    const body = { tdAttributes: '0000000000000000' };
    expect(await broken({ body }, { values: { attributes, septVeDisable: false } })).toEqual({});
    expect(await broken({}, { values: { septVeDisable: false } })).toEqual({});
  });

  test.each(['images', 'attributes', 'xfams'] as const)('is refused by an empty list of %s', async (list) => {
    expect(Object.keys(await broken({}, { values: { [list]: [] } }))).toHaveLength(1);
  });
});

describe('an image', () => {
  const full = { mrConfigId: TD_BODY.mrConfigId, mrOwner: TD_BODY.mrOwner, mrOwnerConfig: TD_BODY.mrOwnerConfig };

  test('is compared with every measurement that is not null', async () => {
    expect(await broken({}, { values: { images: [{ ...TDX_IMAGE, ...full }] } })).toEqual({});
    for (const field of Object.keys(full)) {
      const images = [{ ...TDX_IMAGE, ...full, [field]: 'ff'.repeat(48) }];
      expect(Object.keys(await broken({}, { values: { images } }))).toEqual(['tdx.image']);
    }
    const images = [{ ...TDX_IMAGE, ...full, rtmr3: null }];
    expect(await broken({ body: { rtmr3: 'ff'.repeat(48) } }, { values: { images } })).toEqual({});
  });

  test('is matched as a whole: measurements of two are none', async () => {
    const images = [
      { ...TDX_IMAGE, name: 'one', rtmr2: 'ff'.repeat(48) },
      { ...TDX_IMAGE, name: 'two', rtmr1: 'ff'.repeat(48) },
    ];
    expect(Object.keys(await broken({}, { values: { images } }))).toEqual(['tdx.image']);
    const { rules } = await appraise({}, { values: { images: [...images, TDX_IMAGE] } });
    expect(rules.find(({ rule }) => rule === 'tdx.image')).toMatchObject({
      expected: 'one two test image',
      got: 'test image',
    });
  });
});

describe('reference values', () => {
  const parsed = (changes: object) => parseAs(tdxReferenceValues, { ...TDX_REFERENCE_VALUES, ...changes }, 'values');

  test('are read with every field', () => {
    expect(parsed({})).toEqual(TDX_REFERENCE_VALUES);
    for (const field of Object.keys(TDX_REFERENCE_VALUES)) {
      expect(() => parsed({ [field]: undefined })).toThrow(code('malformed'));
    }
    const more = { minTcbDate: '2024-11-13T00:00:00Z', serviceTds: ['01'.repeat(48)] };
    expect(parsed(more)).toEqual({ ...TDX_REFERENCE_VALUES, ...more });
  });

  test.each([
    ['that allow a revoked TCB', { tcbStatuses: ['Revoked'] }],
    ['with an unknown field', { debug: true }],
    ['with upper-case hexadecimal', { xfams: ['E702060000000000'] }],
    ['with more grace than a month', { graceMs: 31 * DAY_MS }],
    ['with a TCB date that is a day', { minTcbDate: '2024-11-13' }],
    ['with a TCB date that is no date', { minTcbDate: '2024-13-13T00:00:00Z' }],
    ['with a service TD of 47 bytes', { serviceTds: ['00'.repeat(47)] }],
    ['with a chip of 15 bytes', { chips: ['00'.repeat(15)] }],
    ['with two images of one name', { images: [TDX_IMAGE, { ...TDX_IMAGE, mrTd: 'ee'.repeat(48) }] }],
    ['with an image that pins neither RTMR3 nor MRCONFIGID', { images: [{ ...TDX_IMAGE, rtmr3: null }] }],
  ])('%s are refused', (_, changes) => {
    expect(() => parsed(changes)).toThrow(code('malformed'));
  });
});
