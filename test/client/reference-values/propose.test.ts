import { describe, expect, test } from 'vitest';
import type { Choices } from '../../../client/platforms/kit/host.ts';
import { proposeReferenceValues } from '../../../client/reference-values/propose.ts';
import { appraiseParts, type PartsToAppraise } from '../../../src/core/attest/compose.ts';
import { type Endorsements, NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import { digestOfObject } from '../../../src/core/canonical.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { extendedKeyUsage, keyUsage } from '../../core/x509/certificate-kit.ts';
import { azureCase } from '../../platforms/azure.ts';
import type { CarriedCase } from '../../platforms/carried-case.ts';
import { platformCases } from '../../platforms/cases.ts';
import {
  type DeviceOptions,
  evidenceOf,
  identitySerial,
  makeDevice,
  measured,
  referenceValuesFor,
} from '../../platforms/nvidia.ts';
import { SNP_INSTANT_MS, type SnpOptions, snpCase, snpTcb } from '../../platforms/snp.ts';
import { makeTdx, TCB_INFO, TD_BODY, TDX_REFERENCE_VALUES, type TdxChanges } from '../../platforms/tdx.ts';
import {
  ITA,
  ITA_PLATFORM,
  keySetOf,
  NRAS,
  nrasTokens,
  nrasValues,
  TOKEN_ENDORSEMENTS,
  trustAuthorityToken,
  trustAuthorityTokenV2,
  trustAuthorityValues,
} from '../../platforms/token.ts';
import {
  AK_PURPOSE,
  activatedIdentity,
  akAuthority,
  akCertificate,
  akOf,
  certificateIdentity,
  PCRS,
  selfAssertedIdentity,
  tpmReferenceValues,
  tpmReport,
} from '../../platforms/tpm.ts';
import { CHOICES, rootsOf } from './seeds.ts';

type Given = Partial<Pick<PartsToAppraise, 'report' | 'gpu' | 'gpuNonce' | 'reportData'>> & {
  readonly endorsements?: Endorsements;
};
const INSTANT_MS = SNP_INSTANT_MS;
const code = (name: string) => expect.objectContaining({ code: name });
const values = (given: Partial<ReferenceValues>): ReferenceValues => ({ ...NO_REFERENCE_VALUES, ...given });

function subjectOf({ endorsements = NO_ENDORSEMENTS, ...given }: Given) {
  const parts = { report: null, reportData: null, gpu: null, gpuNonce: null, ...given };
  return { parts: { ...parts, evidence: digestOfObject({ report: parts.report, gpu: parts.gpu }) }, endorsements };
}

function propose(
  given: Given,
  before: ReferenceValues = NO_REFERENCE_VALUES,
  choices: Partial<Choices> = {},
  instantMs = INSTANT_MS,
) {
  const terms = { before, choices: { ...CHOICES, ...choices }, instantMs, verify: verifyNode };
  return proposeReferenceValues(subjectOf(given), terms);
}

async function failed(given: Given, referenceValues: ReferenceValues, instantMs = INSTANT_MS): Promise<string[]> {
  const { parts, endorsements } = subjectOf(given);
  const { rules } = await appraiseParts(parts, {
    endorsements,
    referenceValues,
    instantMs,
    verify: verifyNode,
  });
  return rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
}

const carried = ({ report, gpu, reportData, gpuNonce, endorsements }: CarriedCase): Given => ({
  report,
  gpu,
  reportData: reportData === null ? null : fromHex(reportData),
  gpuNonce: gpuNonce === null ? null : fromHex(gpuNonce),
  endorsements,
});

describe('a host of every kit passes under the document that is proposed from it', () => {
  test.each(platformCases().map((one) => [one.name, one] as const))('%s', async (_, one) => {
    if (one.referenceValues === null) throw new Error('expected reference values');
    const document = await propose(carried(one), rootsOf(one.referenceValues), {}, one.instantMs);
    expect(await failed(carried(one), document, one.instantMs)).toEqual([]);
  });
});

const SNP_MACHINES: readonly SnpOptions[] = (['Milan', 'Genoa', 'Turin'] as const).flatMap((product) =>
  (['vcek', 'vlek'] as const).flatMap((signer) =>
    [2, 3, 4, 5]
      .filter((version) => product !== 'Turin' || version > 2)
      .map((version) => ({
        ...{ product, signer },
        report: { version },
      })),
  ),
);

const snpOf = (options: SnpOptions = {}): [Given, ReferenceValues] => {
  const { report, endorsements, referenceValues } = snpCase(options);
  const before = rootsOf(values({ snp: referenceValues }));
  if (before.snp === undefined) throw new Error('expected values');
  return [
    { report, endorsements },
    { ...before, snp: { ...before.snp, chips: null } },
  ];
};

describe('SEV-SNP', () => {
  test.each(SNP_MACHINES)('$product by its $signer, report of version $report.version', async (options) => {
    const [given, before] = snpOf(options);
    expect(await failed(given, await propose(given, before))).toEqual([]);
  });

  test('proposes what was measured, and the least of three TCB versions as the floor', async () => {
    const [given, before] = snpOf();
    const { snp } = await propose(given, before);
    expect(snp).toMatchObject({
      products: [{ product: 'Milan', floor: snpTcb('Milan') }],
      signers: ['vcek'],
      images: [{ name: 'known good', measurement: 'a5'.repeat(48), hostData: 'b6'.repeat(32) }],
      policies: ['000000000003001f'],
      vmpls: [0],
      minGuestSvn: 7,
      platformInfo: { set: '0000000000000025', clear: `${'f'.repeat(14)}da` },
      mitigations: '000000000000000b',
      crl: 'required',
    });
  });

  test('is not proposed for under a root that is not pinned', async () => {
    const [given] = snpOf();
    await expect(propose(given)).rejects.toMatchObject({
      code: 'appraisal_failed',
      detail: { 'snp.chain': expect.stringContaining('certificate') },
    });
  });

  test.each([
    ['a debuggable guest', { report: { policy: 0xb_001fn } }, 'snp.debug'],
    ['a report whose VEK is of another chip', { report: { chipId: new Uint8Array(64).fill(9) } }, 'snp.chip'],
    ['a key that has expired', { vek: { notAfter: fromHex('170d3234303130313030303030305a') } }, 'snp.chain'],
  ])('is not proposed for: %s', async (_, options, rule) => {
    const [given, before] = snpOf(options as SnpOptions);
    const error = await propose(given, before).catch((thrown) => thrown);
    expect(error).toEqual(code('appraisal_failed'));
    expect(Object.keys(error.detail)).toContain(rule);
    expect(error.message).toContain(rule);
  });

  test('with another host makes one document under which both pass', async () => {
    const [first, before] = snpOf();
    const [second] = snpOf({
      report: {
        measurement: new Uint8Array(48).fill(0x11),
        vmpl: 1,
        policy: 0x3_0000n,
        guestSvn: 3,
        reportedTcb: snpTcb('Milan', { microcode: 210 }),
      },
    });
    const document = await propose(first, before);
    expect(await failed(second, document)).toEqual(
      expect.arrayContaining(['snp.rollback', 'snp.policy', 'snp.vmpl', 'snp.image', 'snp.guest-svn']),
    );
    const merged = await propose(second, document, { imageName: 'the second' });
    expect([await failed(first, merged), await failed(second, merged)]).toEqual([[], []]);
    expect(merged.snp?.images.map(({ name }) => name)).toEqual(['known good', 'the second']);
    expect(merged.snp?.products).toMatchObject([{ floor: { microcode: 210 } }]);
  });

  test('adds nothing of a host that passes already', async () => {
    const [given, before] = snpOf();
    const document = await propose(given, before);
    expect(await propose(given, document, { imageName: 'another name' })).toEqual(document);
  });

  test('refuses a second image of the same name', async () => {
    const [first, before] = snpOf();
    const [second] = snpOf({ report: { measurement: new Uint8Array(48).fill(0x11) } });
    await expect(propose(second, await propose(first, before))).rejects.toThrow(code('exists'));
  });

  test('names an image after its measurement where no flag names it', async () => {
    const [given, before] = snpOf();
    const { snp } = await propose(given, before, { imageName: null });
    expect(snp?.images[0]?.name).toBe('image a5a5a5a5a5a5a5a5');
  });

  test('does not accept what is revoked', async () => {
    const [given, before] = snpOf();
    const revoked = [{ claim: 'snp.product', value: 'Milan' }];
    await expect(propose(given, { ...before, revoked })).rejects.toMatchObject({
      detail: { 'composite.revoked': expect.stringContaining('Milan') },
    });
  });

  test('keeps asking for a CRL where the document does, of a host that brings none', async () => {
    const [given, before] = snpOf({ crl: null });
    await expect(propose(given, before)).rejects.toMatchObject({
      detail: { 'snp.crl': expect.stringContaining('endorsement_missing') },
    });
  });
});

describe('a list of machines', () => {
  const pinned = async (pinChip: boolean, chips: string[] | null) => {
    const [given, before] = snpOf();
    if (before.snp === undefined) throw new Error('expected values');
    return (await propose(given, { ...before, snp: { ...before.snp, chips } }, { pinChip })).snp?.chips;
  };
  const OTHER = '77'.repeat(64);
  const ITSELF = toHex(snpCase().fields.chipId);

  test('grows where the document has one, asked for or not', async () => {
    expect(await pinned(false, [OTHER])).toEqual([OTHER, ITSELF]);
    expect(await pinned(true, [OTHER])).toEqual([OTHER, ITSELF]);
  });

  test('is not made where the document allows every machine: it would shut some out', async () => {
    expect(await pinned(false, null)).toBeNull();
    await expect(pinned(true, null)).rejects.toThrow(code('usage'));
  });

  test('cannot name a machine that hides its chip id', async () => {
    const [given, before] = snpOf({ signer: 'vlek' });
    if (before.snp === undefined) throw new Error('expected values');
    const listed = { ...before, snp: { ...before.snp, chips: [OTHER] } };
    await expect(propose(given, listed)).rejects.toThrow(code('usage'));
  });
});

const tdxOf = (changes: TdxChanges = {}): Given => {
  const { report, endorsements } = makeTdx(changes);
  return { report, endorsements: { ...NO_ENDORSEMENTS, tdx: endorsements } };
};
/** SVNs that reach no level of the kit's but the one that is revoked. */
const REVOKED_SVNS = [2, 2, 2, 2, 3, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0];
const TDX_ROOTS = rootsOf(values({ tdx: TDX_REFERENCE_VALUES }));

describe('TDX', () => {
  test.each([4, 5])('a quote of version %d', async (version) => {
    const given = tdxOf({ header: { version } });
    expect(await failed(given, await propose(given, TDX_ROOTS))).toEqual([]);
  });

  test('proposes what was measured, the status and the evaluation among it', async () => {
    const { tdx } = await propose(tdxOf(), TDX_ROOTS);
    expect(tdx).toMatchObject({
      images: [{ name: 'known good', mrTd: TD_BODY.mrTd, rtmr3: TD_BODY.rtmr3, mrOwner: TD_BODY.mrOwner }],
      tcbStatuses: ['UpToDate'],
      minTcbEvaluationDataNumber: 18,
      minTcbDate: '2024-11-13T00:00:00Z',
      septVeDisable: true,
    });
  });

  test.each([
    ['a debuggable TD', { body: { tdAttributes: '0100001000000000' } }, 'tdx.debug'],
    ['a platform that Intel has revoked', { pck: { components: REVOKED_SVNS, pceSvn: 5 } }, 'tdx.tcb-status'],
  ])('is not proposed for: %s', async (_, changes, rule) => {
    const given = tdxOf(changes as TdxChanges);
    const error = await propose(given, TDX_ROOTS).catch((thrown) => thrown);
    expect(error).toEqual(code('appraisal_failed'));
    expect(Object.keys(error.detail)).toContain(rule);
  });

  test('with another host lists both statuses, and the lower evaluation', async () => {
    const first = await propose(tdxOf(), TDX_ROOTS);
    const older = { tcbEvaluationDataNumber: 17 };
    const late = tdxOf({
      body: { mrTd: '22'.repeat(48), teeTcbSvn: '04010300000000000000000000000000' },
      tcbInfo: older,
      qeIdentity: older,
    });
    const merged = await propose(late, first, { imageName: 'the second' });
    expect(merged.tdx).toMatchObject({ tcbStatuses: ['UpToDate', 'OutOfDate'], minTcbEvaluationDataNumber: 17 });
    expect(merged.tdx?.minTcbDate).toBe('2024-11-13T00:00:00Z');
    expect([await failed(tdxOf(), merged), await failed(late, merged)]).toEqual([[], []]);
  });

  test('is proposed with a service TD where the proposer says so', async () => {
    const bound = tdxOf({ header: { version: 5 }, body: { mrServiceTd: '01'.repeat(48) } });
    await expect(propose(bound, TDX_ROOTS)).rejects.toMatchObject({ detail: { 'tdx.service-td': expect.anything() } });
    const { tdx } = await propose(bound, TDX_ROOTS, { listsServiceTds: true });
    expect(tdx?.serviceTds).toEqual(['01'.repeat(48)]);
  });

  test('whose quote has no room for a service TD is refused where the document revokes such quotes', async () => {
    const document = await propose(tdxOf(), TDX_ROOTS);
    const strict = { ...document, revoked: [{ claim: 'tdx.body-type', value: '2' }] };
    const older = { header: { version: 5, bodyType: 2 } };
    expect([await failed(tdxOf(), strict), await failed(tdxOf(older), strict)]).toEqual([
      ['composite.revoked'],
      ['composite.revoked'],
    ]);
    expect(await failed(tdxOf({ header: { version: 5 } }), strict)).toEqual([]);
  });

  test('with another host lists its service TDs where that is said, and lowers a date no more than a host needs', async () => {
    const hash = '01'.repeat(48);
    const first = await propose(tdxOf(), TDX_ROOTS);
    expect(first.tdx).not.toHaveProperty('serviceTds');
    const [level] = TCB_INFO.tcbLevels;
    const older = [{ ...level, tcbDate: '2024-03-13T00:00:00Z' }];
    const bound = tdxOf({ header: { version: 5 }, body: { mrServiceTd: hash }, tcbInfo: { tcbLevels: older } });
    const merged = await propose(bound, first, { listsServiceTds: true });
    expect(merged.tdx).toMatchObject({ serviceTds: [hash], minTcbDate: '2024-03-13T00:00:00Z' });
    expect([await failed(tdxOf(), merged), await failed(bound, merged)]).toEqual([[], []]);
  });

  test('does not give up SEPT_VE_DISABLE for a host without it', async () => {
    const document = await propose(tdxOf(), TDX_ROOTS);
    const loose = tdxOf({ body: { tdAttributes: '0000000000000000' } });
    await expect(propose(loose, document)).rejects.toMatchObject({
      detail: { 'tdx.sept-ve-disable': expect.stringContaining('not set') },
    });
  });
});

const TPM_ROOTS = rootsOf(values({ tpm: tpmReferenceValues() }));

describe('a TPM', () => {
  const authority = akAuthority();
  const certified = certificateIdentity('ECDSA');

  test.each(['ECDSA', 'RSASSA', 'RSAPSS'] as const)('that signs by %s', async (scheme) => {
    const given = { report: tpmReport({ scheme }) };
    const document = await propose(given, NO_REFERENCE_VALUES, { akAuthority: authority });
    expect(await failed(given, document)).toEqual([]);
    expect(document.tpm).toMatchObject({ alone: true, images: [{ pcrs: PCRS }], paravisor: null });
  });

  test('whose chain shows who certified it pins that authority', async () => {
    const identity = { ...certified, chain: [...certified.chain, Buffer.from(authority).toString('base64url')] };
    const given = { report: tpmReport({ identity }) };
    const { tpm } = await propose(given);
    expect(tpm?.anchors).toEqual([identity.chain[1]]);
  });

  test('asks for the purpose of an AK certificate where the good host has one, and goes on to', async () => {
    const first = { version: null, extensions: [] };
    const chain = [akCertificate(akOf('ECDSA'), first), authority].map((der) => Buffer.from(der).toString('base64url'));
    const plain = { report: tpmReport({ identity: { ...certified, chain } }) };
    const akAuthorityGiven = { akAuthority: authority };
    const required = await propose({ report: tpmReport() }, NO_REFERENCE_VALUES, akAuthorityGiven);
    expect(required.tpm?.akPurposes).toEqual([AK_PURPOSE]);
    await expect(propose(plain, required)).rejects.toMatchObject({
      detail: { 'tpm.key-certified': expect.stringContaining('2.23.133.8.3') },
    });
    const unchecked = await propose(plain);
    expect(unchecked.tpm?.akPurposes).toEqual(['none']);
    expect(await failed(plain, unchecked)).toEqual([]);
    // What the document lists already stays as it is: a host of another purpose is not added silently.
    await expect(propose({ report: tpmReport() }, unchecked)).rejects.toMatchObject({
      detail: { 'tpm.key-certified': expect.stringContaining('got 2.23.133.8.3') },
    });
    const activated = { report: tpmReport({ identity: activatedIdentity('ECDSA') }) };
    const uncertified = await propose(activated, NO_REFERENCE_VALUES, { isAkActivated: true });
    expect(uncertified.tpm?.akPurposes).toEqual([AK_PURPOSE]);
    expect((await propose(plain, uncertified)).tpm?.akPurposes).toEqual(['none']);
  });

  test('lists the purpose that a cloud gives its AKs, where it is that of EKs', async () => {
    const cloud = { extensions: [extendedKeyUsage('2.23.133.8.1'), keyUsage(0)] };
    const chain = [akCertificate(akOf('ECDSA'), cloud), authority].map((der) => Buffer.from(der).toString('base64url'));
    const given = { report: tpmReport({ identity: { ...certified, chain } }) };
    const document = await propose(given);
    expect(document.tpm?.akPurposes).toEqual(['2.23.133.8.1']);
    expect(await failed(given, document)).toEqual([]);
  });

  const ofPurposes = (...purposes: readonly string[]) => {
    const leaf = akCertificate(akOf('ECDSA'), { extensions: [extendedKeyUsage(...purposes), keyUsage(0)] });
    const chain = [leaf, authority].map((der) => Buffer.from(der).toString('base64url'));
    return { report: tpmReport({ identity: { ...certified, chain } }) };
  };
  const CLIENT = '1.3.6.1.5.5.7.3.2';

  test('whose certificate is of a purpose that is no TPM’s is not proposed for, unless the document lists it', async () => {
    await expect(propose(ofPurposes(CLIENT))).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(`got ${CLIENT}: ask who issued it`),
    });
    const activated = { report: tpmReport({ identity: activatedIdentity('ECDSA') }) };
    const base = await propose(activated, NO_REFERENCE_VALUES, { isAkActivated: true });
    const tpm = tpmReferenceValues({ ...base.tpm, akPurposes: [CLIENT] });
    const listed = await propose(ofPurposes(CLIENT), { ...base, tpm });
    expect(listed.tpm).toMatchObject({ akPurposes: [CLIENT], anchors: [expect.any(String)] });
  });

  test('whose certificate has more purposes than a TPM’s is proposed for by the TPM’s alone', async () => {
    const [many, both] = [ofPurposes(CLIENT, '2.23.133.8.1'), ofPurposes('2.23.133.8.1', AK_PURPOSE)];
    expect((await propose(many)).tpm?.akPurposes).toEqual(['2.23.133.8.1']);
    expect((await propose(both)).tpm?.akPurposes).toEqual([AK_PURPOSE]);
  });

  test('that shows its own certificate alone needs its authority named', async () => {
    await expect(propose({ report: tpmReport() })).rejects.toThrow(code('usage'));
  });

  test('is not proposed for under an authority that did not certify it', async () => {
    const other = akAuthority({ serial: '55', subject: fromHex('3000') });
    await expect(propose({ report: tpmReport() }, NO_REFERENCE_VALUES, { akAuthority: other })).rejects.toMatchObject({
      detail: { 'tpm.key-certified': expect.stringContaining('certificate_untrusted') },
    });
  });

  test('without a certificate counts once custodians say that they have activated its key', async () => {
    const given = { report: tpmReport({ identity: activatedIdentity('ECDSA') }) };
    await expect(propose(given)).rejects.toThrow(code('usage'));
    const document = await propose(given, NO_REFERENCE_VALUES, { isAkActivated: true });
    expect(document.tpm).toMatchObject({ anchors: [], activated: [expect.stringMatching(/^000b/)] });
    expect(await failed(given, document)).toEqual([]);
    expect(await propose(given, document)).toEqual(document);
  });

  test('whose key says of itself that it is one is not proposed for', async () => {
    const given = { report: tpmReport({ identity: selfAssertedIdentity('ECDSA') }) };
    await expect(propose(given, TPM_ROOTS)).rejects.toMatchObject({
      code: 'appraisal_failed',
      detail: { 'tpm.key-certified': expect.stringContaining('nothing ties the AK to a TPM') },
    });
  });

  test('with another host lists both images of PCRs', async () => {
    const first = { report: tpmReport() };
    const pcrs = PCRS.map((pcr) => (pcr.index === 4 ? { ...pcr, value: '44'.repeat(32) } : pcr));
    const second = { report: tpmReport({ pcrs, firmware: '2020010100163636' }) };
    const document = await propose(first, TPM_ROOTS);
    const merged = await propose(second, document, { imageName: 'the second' });
    expect([await failed(first, merged), await failed(second, merged)]).toEqual([[], []]);
    expect(merged.tpm?.images).toHaveLength(2);
  });

  test('goes on comparing the PCRs that the document compares, and no others', async () => {
    const before = values({ tpm: tpmReferenceValues() });
    const pcrs = PCRS.map((pcr) => (pcr.index === 4 ? { ...pcr, value: '44'.repeat(32) } : pcr));
    const { tpm } = await propose({ report: tpmReport({ pcrs }) }, before);
    expect(tpm?.images.map((image) => image.pcrs.map(({ index }) => index))).toEqual([
      [4, 7],
      [4, 7],
    ]);
    const few = { report: tpmReport({ pcrs: pcrs.filter(({ index }) => index !== 7) }) };
    await expect(propose(few, before)).rejects.toThrow(code('usage'));
  });

  test('is not enough alone where the document says so', async () => {
    const before = values({ tpm: tpmReferenceValues({ alone: false }) });
    await expect(propose({ report: tpmReport() }, before)).rejects.toMatchObject({
      detail: { 'tpm.alone': expect.any(String) },
    });
  });

  test.each(['snp', 'tdx'] as const)('of a paravisor on %s is proposed for with its hardware', async (platform) => {
    const { report, endorsements, referenceValues } = azureCase({ platform });
    const given = { report, endorsements };
    const document = await propose(given, rootsOf(values({ tpm: referenceValues })));
    expect(await failed(given, document)).toEqual([]);
    expect(document.tpm?.paravisor?.[platform]?.images).toHaveLength(1);
  });
});

describe('tokens', () => {
  const DATA = new Uint8Array(64).fill(7);
  const ita = trustAuthorityToken(DATA);
  const given = { report: ita, endorsements: TOKEN_ENDORSEMENTS };

  test.each([
    ['1', ita],
    ['2', trustAuthorityTokenV2(DATA)],
  ])('of Intel Trust Authority, version %s', async (_, report) => {
    const document = await propose({ ...given, report });
    expect(await failed({ ...given, report }, document)).toEqual([]);
    expect(document['intel-trust-authority']).toMatchObject({
      issuer: 'Intel Trust Authority',
      anchors: [Buffer.from(ITA.intermediate).toString('base64url')],
      keys: [],
      graceMs: 0,
      minTcbDate: '2024-03-13T00:00:00Z',
      platforms: null,
      policies: [expect.objectContaining({ version: 'v1' })],
    });
  });

  test('keep a floor on the date of the TCB, and lower it for the host that they are of', async () => {
    const from = (minTcbDate: string) => values({ 'intel-trust-authority': trustAuthorityValues({ minTcbDate }) });
    const floor = async (document: ReferenceValues) =>
      (await propose(given, document))['intel-trust-authority']?.minTcbDate ?? null;
    expect(await floor(from('2025-01-01T00:00:00Z'))).toBe('2024-03-13T00:00:00Z');
    expect(await floor(from('2023-01-01T00:00:00Z'))).toBe('2023-01-01T00:00:00Z');
    expect(await floor(values({ 'intel-trust-authority': trustAuthorityValues() }))).toBeNull();
    const report = trustAuthorityToken(DATA, { payload: { attester_tcb_date: undefined } });
    expect((await propose({ ...given, report }))['intel-trust-authority']?.minTcbDate ?? null).toBeNull();
    await expect(propose({ ...given, report }, from('2023-01-01T00:00:00Z'))).rejects.toMatchObject({
      detail: { 'ita.tcb-date': 'expected from 2023-01-01T00:00:00Z, got absent' },
    });
  });

  test('leave approvers as long as the document says', async () => {
    const before = values({ 'intel-trust-authority': trustAuthorityValues({ graceMs: 600_000 }) });
    expect((await propose(given, before))['intel-trust-authority']?.graceMs).toBe(600_000);
  });

  test('pin the platform where that is asked for', async () => {
    const { 'intel-trust-authority': ita } = await propose(given, NO_REFERENCE_VALUES, { pinChip: true });
    expect(ita?.platforms).toEqual([ITA_PLATFORM]);
  });

  test('whose key has no certificate above it pin the key itself', async () => {
    const { x5c: _, ...jwk } = ITA.jwk;
    const endorsements = { ...NO_ENDORSEMENTS, ...keySetOf(ITA, [jwk]) };
    const { 'intel-trust-authority': ita } = await propose({ ...given, endorsements });
    expect(ita).toMatchObject({ anchors: [], keys: [ITA.fingerprint] });
  });

  test('without their key set are not proposed for', async () => {
    await expect(propose({ ...given, endorsements: NO_ENDORSEMENTS })).rejects.toMatchObject({
      detail: { 'ita.key': expect.stringContaining('endorsement_missing') },
    });
  });

  test('of what is no TD are not proposed for', async () => {
    const report = trustAuthorityToken(DATA, { payload: { attester_type: 'SGX' } });
    const error = await propose({ ...given, report }).catch((thrown) => thrown);
    expect(Object.keys(error.detail)).toContain('ita.attester-type');
  });

  test('of another issuer than the document has are not proposed for', async () => {
    const before = values({ 'intel-trust-authority': trustAuthorityValues({ issuer: 'another' }) });
    await expect(propose(given, before)).rejects.toMatchObject({ detail: { 'ita.issuer': expect.any(String) } });
  });

  test.each(['2.0', '3.0'] as const)('of NRAS, claims version %s, with the CPU beside them', async (version) => {
    const nonce = new Uint8Array(32).fill(3);
    const both = { ...given, gpu: nrasTokens(nonce, { version, gpus: 2 }), gpuNonce: nonce };
    const document = await propose(both);
    expect(await failed(both, document)).toEqual([]);
    expect(document.gpu).toMatchObject({
      gpus: [2],
      switches: [0],

      nras: {
        ...nrasValues({ graceMs: 0 }),
        anchors: [Buffer.from(NRAS.intermediate).toString('base64url')],
        claimsVersions: [version],
      },
    });
  });
});

const gpusOf = (...devices: readonly DeviceOptions[]): Given => ({ gpu: evidenceOf(...devices.map(makeDevice)) });
const GPU_ROOTS = rootsOf(values({ gpu: { gpus: [1], switches: [0], spdm: referenceValuesFor() } }));
const ALONE = ['composite.cpu', 'composite.cpu-values'];
const withPins = (before: ReferenceValues, devices: string[] | null) => {
  if (before.gpu?.spdm == null) throw new Error('expected values of GPUs');
  return { ...before, gpu: { ...before.gpu, spdm: { ...before.gpu.spdm, devices } } };
};
const ANY_GPU = withPins(GPU_ROOTS, null);

describe('NVIDIA devices', () => {
  test.each(['hopper', 'blackwell', 'nvswitch'] as const)('%s', async (architecture) => {
    const given = gpusOf({ architecture });
    const document = await propose(given, ANY_GPU);
    expect(await failed(given, document)).toEqual(ALONE);
    expect(document.gpu?.spdm?.architectures).toEqual([architecture]);
  });

  test('have every measurement listed, for the driver of a GPU and the VBIOS of a switch', async () => {
    const gpu = await propose(gpusOf({}), ANY_GPU);
    expect(gpu.gpu?.spdm?.drivers[0]?.golden).toHaveLength(64);
    expect(gpu.gpu?.spdm?.drivers[0]?.golden?.[3]).toEqual({ index: 3, values: [toHex(measured(4))] });
    expect(gpu.gpu?.spdm?.vbioses[0]).toMatchObject({ golden: null, project: '1010', projectSku: '0205' });
    const nvswitch = await propose(gpusOf({ architecture: 'nvswitch' }), ANY_GPU);
    expect(nvswitch.gpu?.spdm).toMatchObject({ drivers: [], vbioses: [{ golden: expect.any(Array) }] });
  });

  test('are compared by their versions alone where that is asked for', async () => {
    const { gpu } = await propose(gpusOf({}), ANY_GPU, { golden: 'none' });
    expect([gpu?.spdm?.drivers[0]?.golden, gpu?.spdm?.vbioses[0]?.golden]).toEqual([null, null]);
  });

  test('of one host that measure differently are alternatives of each other', async () => {
    const odd = new Uint8Array(48).fill(1);
    const given = gpusOf({ seed: 1 }, { seed: 2, measurements: { 9: odd } });
    const document = await propose(given, ANY_GPU);
    expect(await failed(given, document)).toEqual(ALONE);
    expect(document.gpu?.spdm?.drivers[0]?.golden?.[8]?.values).toEqual([toHex(measured(9)), toHex(odd)]);
    expect(document.gpu?.gpus).toEqual([2]);
  });

  test('never change golden values that a document has, unless that is asked for', async () => {
    const document = await propose(gpusOf({}), ANY_GPU);
    const odd = gpusOf({ seed: 2, measurements: { 9: new Uint8Array(48).fill(1) } });
    await expect(propose(odd, document)).rejects.toMatchObject({
      detail: { 'nvidia.gpu-0.measurements': expect.stringContaining('differs at 8') },
    });
    const widened = await propose(odd, document, { golden: 'widen' });
    expect([await failed(odd, widened), await failed(gpusOf({}), widened)]).toEqual([ALONE, ALONE]);
  });

  test('with a driver that is known and a VBIOS that is not: only what the driver does not claim is new', async () => {
    const before = withPins(values({ gpu: { gpus: [1], switches: [0], spdm: referenceValuesFor() } }), null);
    if (before.gpu.spdm === null) throw new Error('expected values of GPUs');
    const spdm = { ...before.gpu.spdm, vbioses: [] };
    const document = await propose(gpusOf({}), { ...before, gpu: { ...before.gpu, spdm } });
    const [vbios] = document.gpu?.spdm?.vbioses ?? [];
    expect(vbios?.golden?.map(({ index }) => index)).toHaveLength(61);
    expect(await failed(gpusOf({}), document)).toEqual(ALONE);
  });

  test('are listed by the serial numbers of their identities', async () => {
    const { gpu } = await propose(gpusOf({ seed: 3 }), GPU_ROOTS);
    expect(gpu?.spdm?.devices).toEqual([identitySerial(3)]);
  });

  test('are not proposed for where a device is shown twice', async () => {
    await expect(propose(gpusOf({}, {}), ANY_GPU)).rejects.toMatchObject({
      detail: { 'nvidia.distinct': expect.any(String) },
    });
  });

  test.each([
    ['an unknown chip', { leafName: 'XX100 A01 GSP FMC LF' }],
    ['a driver version that is none', { opaque: { 3: new TextEncoder().encode('beta') } }],
  ])('are not proposed for with %s', async (_, options) => {
    await expect(propose(gpusOf(options), ANY_GPU)).rejects.toThrow(code('appraisal_failed'));
  });
});

describe('hosts with GPUs and hosts without', () => {
  const [bare, snpRoots] = snpOf();
  const full = { ...bare, ...gpusOf({}) };
  const before = { ...snpRoots, gpu: ANY_GPU.gpu };

  test('are both allowed where both were shown, in either order', async () => {
    const first = await propose(bare, await propose(full, before));
    expect(first.gpu?.gpus).toEqual([1, 0]);
    expect([await failed(bare, first), await failed(full, first)]).toEqual([[], []]);
    const cpu = await propose(bare, snpRoots);
    expect(cpu.gpu).toBeNull();
    // A document that says nothing of GPUs has no root for them: the vendor's counts, and the kit's devices fail.
    const error = await propose(full, cpu).catch((thrown) => thrown);
    expect(Object.keys(error.detail)).toEqual(['nvidia.gpu-0.chain']);
  });
});

test('simulated hosts are proposed for by their measurement', async () => {
  const { SimulatedChip } = await import('../../../client/host/simulated-chip.ts');
  const chip = new SimulatedChip(new Uint8Array(32).fill(5), '66'.repeat(32));
  const { report } = await chip.report({ reportData: new Uint8Array(64) });
  const document = await propose({ report });
  expect(document).toEqual(values({ simulated: { platform: 'simulated', measurements: ['66'.repeat(32)] } }));
  expect(await failed({ report }, document)).toEqual([]);
});
