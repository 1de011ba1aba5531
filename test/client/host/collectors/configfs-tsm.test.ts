import { afterEach, expect, test } from 'vitest';
import { ConfigfsTsm, type TsmOptions, tsmPlatform } from '../../../../client/host/collectors/configfs-tsm.ts';
import type { Collected } from '../../../../client/host/collectors/machine.ts';
import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { appraiseSnp } from '../../../../src/core/attest/snp/appraise.ts';
import type { SnpReport } from '../../../../src/core/attest/snp/report.ts';
import { fromBase64url, toBase64url, toHex } from '../../../../src/core/bytes.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { SNP_INSTANT_MS, snpCase } from '../../../platforms/snp.ts';
import { makeTdxQuote } from '../../../platforms/tdx.ts';
import { certificateTable, GUIDS } from './certificate-table.ts';
import { type FakeKernel, FakeTsm } from './fake-tsm.ts';

const REPORT_DATA = new Uint8Array(64).fill(0x5d);
const DATA = { reportData: REPORT_DATA, extraData: new Uint8Array(32) };
const { endorsements: ENDORSEMENTS, referenceValues: REFERENCE_VALUES } = snpCase();
const [VEK, ASK] = [ENDORSEMENTS.snp?.vek, ENDORSEMENTS.snp?.ask].map((der) => fromBase64url(der ?? '')) as [
  Uint8Array,
  Uint8Array,
];
const TABLE = certificateTable([
  { guid: GUIDS.vcek, content: VEK },
  { guid: GUIDS.ask, content: ASK },
]);

const SNP: FakeKernel = {
  provider: 'sev_guest',
  answer: (reportData) => ({
    outblob: fromBase64url(snpCase({ report: { reportData } }).report.report),
    auxblob: TABLE,
  }),
};
const TDX: FakeKernel = {
  provider: 'tdx_guest',
  answer: (inblob) => ({ outblob: makeTdxQuote({ body: { reportData: toHex(inblob) } }), auxblob: null }),
};

const opened: FakeTsm[] = [];
afterEach(() => {
  for (const tsm of opened.splice(0)) tsm.close();
});

function fake(kernel: FakeKernel): FakeTsm {
  const tsm = new FakeTsm(kernel);
  opened.push(tsm);
  return tsm;
}

function collect(tsm: FakeTsm, options: Partial<TsmOptions> = {}): Promise<Collected> {
  const collector = new ConfigfsTsm({ folder: tsm.folder, platform: 'snp', vmpl: null, ask: null, ...options });
  return collector.report(DATA);
}

test('an SNP guest gives a report that binds the data, and the certificates that come with it', async () => {
  const tsm = fake(SNP);
  const { report, endorsements } = await collect(tsm);
  expect(endorsements).toEqual({ ...NO_ENDORSEMENTS, snp: { ...ENDORSEMENTS.snp, crl: null } });
  const { rules } = await appraiseSnp({
    report: report as SnpReport,
    expectedData: REPORT_DATA,
    endorsements: { ...NO_ENDORSEMENTS, snp: ENDORSEMENTS.snp },
    referenceValues: REFERENCE_VALUES,
    instantMs: SNP_INSTANT_MS,
    verify: verifyNode,
  });
  expect(rules.filter(({ pass }) => !pass)).toEqual([]);
  expect([tsm.made, tsm.left]).toEqual([1, []]);
});

test('a report is asked for at the privilege level that was named', async () => {
  const levels: (string | null)[] = [];
  const answer: FakeKernel['answer'] = (inblob, level) => {
    levels.push(level);
    return SNP.answer(inblob, level);
  };
  await collect(fake({ ...SNP, answer, hasLevel: true }), { vmpl: 1 });
  expect(levels).toContain('1');
});

test('a platform without privilege levels refuses one', async () => {
  const refused = collect(fake(SNP), { vmpl: 1 });
  await expect(refused).rejects.toMatchObject({ code: 'unavailable', detail: { errno: 'ENOENT' } });
});

test('a TD gives its quote, and no collateral', async () => {
  const { report, endorsements } = await collect(fake(TDX), { platform: 'tdx' });
  const quote = toBase64url(makeTdxQuote({ body: { reportData: toHex(REPORT_DATA) } }));
  expect([report, endorsements]).toEqual([{ platform: 'tdx', quote }, NO_ENDORSEMENTS]);
});

test('asks again where somebody else has written to the entry, and gives up after the third time', async () => {
  const twice = fake({ ...SNP, disturbances: 2 });
  expect((await collect(twice)).report.platform).toBe('snp');
  expect([twice.made, twice.left]).toEqual([3, []]);
  const always = fake({ ...SNP, disturbances: 9 });
  await expect(collect(always)).rejects.toMatchObject({ code: 'unavailable' });
  expect([always.made, always.left]).toEqual([3, []]);
});

test('refuses another platform than the one that was named', async () => {
  const tsm = fake(TDX);
  const message = expect.stringContaining('expected a provider for snp, got tdx_guest');
  await expect(collect(tsm)).rejects.toMatchObject({ code: 'unavailable', message });
  expect(tsm.left).toEqual([]);
});

test('refuses a report of another length, a generation that is no number, and an empty quote', async () => {
  for (const length of [0, 1183, 1185]) {
    const answer = () => ({ outblob: new Uint8Array(length), auxblob: TABLE });
    await expect(collect(fake({ ...SNP, answer }))).rejects.toMatchObject({ code: 'malformed' });
  }
  await expect(collect(fake({ ...SNP, generation: 'seven' }))).rejects.toMatchObject({ code: 'malformed' });
  const answer = () => ({ outblob: new Uint8Array(0), auxblob: null });
  const empty = collect(fake({ ...TDX, answer }), { platform: 'tdx' });
  await expect(empty).rejects.toMatchObject({ code: 'unavailable' });
});

test('refuses a certificate table that is none, and a platform without one', async () => {
  const broken: FakeKernel['answer'] = (inblob) => ({ ...SNP.answer(inblob, null), auxblob: TABLE.subarray(0, 60) });
  await expect(collect(fake({ ...SNP, answer: broken }))).rejects.toMatchObject({ code: 'malformed' });
  const without: FakeKernel['answer'] = (inblob) => ({ ...SNP.answer(inblob, null), auxblob: null });
  const tsm = fake({ ...SNP, answer: without });
  await expect(collect(tsm)).rejects.toMatchObject({ code: 'unavailable', detail: { errno: 'ENOENT' } });
  expect(tsm.left).toEqual([]);
});

test('says where it looked on a machine that is no confidential VM', async () => {
  const { folder } = fake(SNP);
  const absent = { ...folder, root: `${folder.root}/absent`, make: () => Promise.reject({ code: 'ENOENT' }) };
  const collector = new ConfigfsTsm({ folder: absent, platform: 'snp', vmpl: null, ask: null });
  const message = expect.stringContaining(`${absent.root}: no platform answers`);
  await expect(collector.report(DATA)).rejects.toMatchObject({ code: 'unavailable', message });
});

test('finds which platform answers, without asking it for a report', async () => {
  const [snp, tdx, other] = [fake(SNP), fake(TDX), fake({ ...TDX, provider: 'arm_cca_guest' })];
  expect(await Promise.all([snp, tdx, other].map((tsm) => tsmPlatform(tsm.folder)))).toEqual(['snp', 'tdx', null]);
  expect([...snp.left, ...tdx.left, ...other.left]).toEqual([]);
  const make = (code: string) => ({ ...snp.folder, make: () => Promise.reject({ code }) });
  expect(await tsmPlatform(make('ENOENT'))).toBeNull();
  expect(await tsmPlatform(make('ENXIO'))).toBeNull();
  await expect(tsmPlatform(make('EACCES'))).rejects.toMatchObject({ code: 'unavailable' });
});
