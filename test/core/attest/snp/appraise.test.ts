import { describe, expect, test } from 'vitest';
import { appraiseSnp } from '../../../../src/core/attest/snp/appraise.ts';
import { SNP_CLAIMS } from '../../../../src/core/attest/snp/claims.ts';
import { ROOTED_PRODUCTS } from '../../../../src/core/attest/snp/roots.ts';
import { AUTHENTICITY_RULES, REFERENCE_RULES } from '../../../../src/core/attest/snp/rules.ts';
import { fromBase64url, fromHex, toBase64url, utf8 } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import {
  amdName,
  SNP_ASK_SERIAL,
  SNP_INSTANT_MS,
  type SnpCase,
  type SnpOptions,
  snpCase,
  snpTcb,
  VEK_KEY,
} from '../../../platforms/snp.ts';
import { basicConstraints, keyUsage, publicKeyOf, testKey, tlv, utcTime } from '../../x509/certificate-kit.ts';

const DAY_MS = 86_400_000;
const ALL_RULES = [...AUTHENTICITY_RULES, ...REFERENCE_RULES, 'snp.report-data'].toSorted();

function reach(made: SnpCase, instantMs = SNP_INSTANT_MS, expectedData: Uint8Array | null = null) {
  const reportData = expectedData ?? new Uint8Array(64).fill(0x5d);
  return appraiseSnp({ ...made, expectedData: reportData, instantMs, verify: verifyNode });
}

/** The rules that evidence breaks; every rule is there once, also where others fail. */
async function broken(options: SnpOptions, instantMs = SNP_INSTANT_MS): Promise<string[]> {
  const { rules } = await reach(snpCase(options), instantMs);
  expect(rules.map(({ rule }) => rule).toSorted()).toEqual(ALL_RULES);
  return rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
}

async function got(rule: string, options: SnpOptions, instantMs = SNP_INSTANT_MS): Promise<string> {
  const { rules } = await reach(snpCase(options), instantMs);
  return rules.find((one) => one.rule === rule)?.got ?? '';
}

const products = ROOTED_PRODUCTS;
const bit = (index: number) => 0x3_001fn | (1n << BigInt(index));

describe('a report passes', () => {
  test.each(products.flatMap((product) => [2, 3, 4, 5].map((version) => [product, version] as const)))(
    'of %s, version %i, by its VCEK',
    async (product, version) => {
      expect(await broken({ product, report: { version } })).toEqual([]);
    },
  );

  test.each(products)('of %s by a VLEK, whose chip is hidden', async (product) => {
    expect(await broken({ product, signer: 'vlek' })).toEqual([]);
  });

  test.each(['Genoa', 'Siena', 'Siena-B1'])('of a Siena whose VEK names %s, under the ARK of Genoa', async (name) => {
    const report = { cpuid: { family: 0x19, model: 0xa0, stepping: 2 } };
    expect(await broken({ product: 'Genoa', report, vekExtensions: { '2': tlv(0x16, utf8(name)) } })).toEqual([]);
  });

  test('of version 4, with any bytes where version 5 has mitigation vectors', async () => {
    const patches = [[0x1f8, new Uint8Array(16).fill(0xee)]] as const;
    const made = snpCase({ report: { version: 4, patches } });
    expect(await broken({ report: { version: 4, patches } })).toEqual([]);
    expect(Object.keys((await reach(made)).claims)).not.toContain('snp.launch-mit-vector');
  });

  test('where reference values do not compare what is null', async () => {
    const image = { name: 'any of them', measurement: 'a5'.repeat(48), hostData: null, idKeyDigest: null };
    const images = [{ ...image, authorKeyDigest: null }];
    const chipId = new Uint8Array(64).fill(9);
    const report = { hostData: new Uint8Array(32), mitigations: { launch: 0n, current: 0n }, chipId };
    const referenceValues = { images, mitigations: null, chips: null };
    expect(await broken({ report, referenceValues, vekExtensions: { '4': chipId } })).toEqual([]);
  });

  test('without a list of revoked certificates, where policy does not ask for one', async () => {
    expect(await broken({ crl: null, referenceValues: { crl: 'unchecked' } })).toEqual([]);
  });

  test('as long as its list is within the days of grace', async () => {
    const crl = { nextUpdate: utcTime('241231010000Z') };
    expect(await broken({ crl })).toEqual([]);
    expect(await broken({ crl, referenceValues: { graceMs: 3_600_000 } })).toEqual(['snp.crl']);
  });
});

test('a Venice is read whole, and refused because no root of it is published', async () => {
  const options: SnpOptions = { product: 'Venice' };
  const { claims } = await reach(snpCase(options));
  expect(claims).toMatchObject({ 'snp.product': 'Venice', 'snp.reported-tcb.fmc': '2', 'snp.vek.tcb.snp': '24' });
  expect(await broken(options)).toEqual(['snp.chain', 'snp.crl', 'snp.rollback']);
  expect(await got('snp.chain', options)).toBe('root_unknown: no root of Venice is published yet');
});

test('authenticity alone leaves out what compares with reference values, and the binding where none is expected', async () => {
  const { rules } = await appraiseSnp({
    ...snpCase(),
    referenceValues: null,
    expectedData: null,
    instantMs: SNP_INSTANT_MS,
    verify: verifyNode,
  });
  expect(rules.map(({ rule }) => rule).toSorted()).toEqual([...AUTHENTICITY_RULES].toSorted());
  // The kit's root is not the vendor's, and without a chain the list is not read.
  expect(rules.filter(({ pass }) => !pass).map(({ rule }) => rule)).toEqual(['snp.chain', 'snp.crl']);
});

describe('the label', () => {
  test('is the chip’s where the chip’s own key signed', async () => {
    expect((await reach(snpCase())).label).toBe('snp-0102030405060708');
  });
  test('is the chip’s where a VLEK signed and the cloud shows the chip, so that its hosts differ', async () => {
    const { label } = await reach(snpCase({ signer: 'vlek', report: { chipId: new Uint8Array(64).fill(0x77) } }));
    expect(label).toBe('snp-7777777777777777');
  });
  test('is the VLEK’s where the chip is hidden', async () => {
    const { label } = await reach(snpCase({ signer: 'vlek' }));
    expect(label).toBe(`snp-vlek-${digestOf(publicKeyOf(VEK_KEY)).slice(0, 16)}`);
  });
});

test.each(products)('every claim of %s can be revoked', async (product) => {
  for (const signer of ['vcek', 'vlek'] as const) {
    const { claims } = await reach(snpCase({ product, signer }));
    expect(Object.keys(SNP_CLAIMS)).toEqual(expect.arrayContaining(Object.keys(claims)));
  }
});

describe('refuses', () => {
  const zeros = new Uint8Array(48);
  const low = (changes: object) => ({ ...snpTcb('Milan'), ...changes });
  const cases: readonly (readonly [what: string, rules: readonly string[], options: SnpOptions])[] = [
    ['another signature algorithm', ['snp.sig-algo'], { report: { signatureAlgorithm: 2 } }],
    ['a signer that policy does not list', ['snp.signer'], { referenceValues: { signers: ['vlek'] } }],
    ['every signer where none is listed', ['snp.signer'], { referenceValues: { signers: [] } }],
    [
      'a policy without the bit that is always set',
      ['snp.policy-reserved', 'snp.policy'],
      { report: { policy: 0x1_001fn } },
    ],
    ['a policy with a reserved bit', ['snp.policy-reserved', 'snp.policy'], { report: { policy: bit(26) } }],
    ['a policy with the last reserved bit', ['snp.policy-reserved', 'snp.policy'], { report: { policy: bit(63) } }],
    ['a debug guest', ['snp.debug', 'snp.policy'], { report: { policy: bit(19) } }],
    [
      'a debug guest that reference values list',
      ['snp.debug'],
      { report: { policy: bit(19) }, referenceValues: { policies: ['00000000000b001f'] } },
    ],
    ['a guest that may migrate', ['snp.migration', 'snp.policy'], { report: { policy: bit(18) } }],
    ['a policy that differs in one bit', ['snp.policy'], { report: { policy: bit(20) } }],
    ['every policy where none is listed', ['snp.policy'], { referenceValues: { policies: [] } }],
    ['another VMPL', ['snp.vmpl'], { report: { vmpl: 1 } }],
    ['a report that the host asked for', ['snp.vmpl'], { report: { vmpl: 0xffff_ffff } }],
    ['every VMPL where none is listed', ['snp.vmpl'], { referenceValues: { vmpls: [] } }],
    ['another measurement', ['snp.image'], { report: { measurement: zeros } }],
    ['other host data', ['snp.image'], { report: { hostData: new Uint8Array(32) } }],
    ['another id key', ['snp.image'], { report: { idKeyDigest: zeros } }],
    ['another author key', ['snp.image'], { report: { authorKeyDigest: new Uint8Array(48).fill(1) } }],
    ['every image where none is listed', ['snp.image'], { referenceValues: { images: [] } }],
    ['an older guest', ['snp.guest-svn'], { report: { guestSvn: 6 } }],
    ['a platform without a bit that must be set', ['snp.platform-info'], { report: { platformInfo: 0x21n } }],
    ['a platform with a bit that must be clear', ['snp.platform-info'], { report: { platformInfo: 0x27n } }],
    ['a launch without a mitigation', ['snp.mitigations'], { report: { mitigations: { launch: 3n, current: 0xbn } } }],
    [
      'a platform without a mitigation',
      ['snp.mitigations'],
      { report: { mitigations: { launch: 0xbn, current: 3n } } },
    ],
    [
      'version 3 where mitigations are asked for',
      ['snp.mitigations'],
      { report: { version: 3 }, referenceValues: { mitigations: '0000000000000001' } },
    ],
    ['a chip that is not listed', ['snp.chip-list'], { referenceValues: { chips: ['00'.repeat(64)] } }],
    ['every chip where none is listed', ['snp.chip-list'], { referenceValues: { chips: [] } }],
    ['report data of something else', ['snp.report-data'], { report: { reportData: new Uint8Array(64) } }],
    ['masked keys', ['snp.chip'], { report: { flags: 2 } }],
    ['masked keys of a VLEK', ['snp.chip'], { signer: 'vlek', report: { flags: 6 } }],
    ['the VCEK of another chip', ['snp.chip'], { vekExtensions: { '4': new Uint8Array(64).fill(7) } }],
    [
      'a chip of Turin with more than eight bytes of id',
      ['snp.chip', 'snp.chip-list'],
      { product: 'Turin', report: { chipId: Uint8Array.from({ length: 64 }, (_, i) => (i < 9 ? i + 1 : 0)) } },
    ],
    [
      'a VEK of the current TCB',
      ['snp.tcb'],
      { report: { currentTcb: snpTcb('Milan', { microcode: 220 }) }, vekExtensions: { '3.8': fromHex('020200dc') } },
    ],
    ['a reported TCB below the floor', ['snp.rollback'], { report: { reportedTcb: low({ snp: 23 }) } }],
    ['a committed TCB below the floor', ['snp.rollback'], { report: { committedTcb: low({ bootLoader: 3 }) } }],
    ['a launch TCB below the floor', ['snp.rollback'], { report: { launchTcb: low({ microcode: 216 }) } }],
    [
      'an FMC below the floor',
      ['snp.rollback'],
      { product: 'Turin', report: { launchTcb: snpTcb('Turin', { fmc: 1 }) } },
    ],
    ['a product that is not listed', ['snp.chain', 'snp.crl', 'snp.rollback'], { referenceValues: { products: [] } }],
    [
      'a VEK of another product than the processor',
      ['snp.product', 'snp.tcb', 'snp.rollback'],
      { report: { cpuid: { family: 0x19, model: 0x11, stepping: 0 } } },
    ],
    [
      'a processor that is no product',
      ['snp.product', 'snp.tcb', 'snp.rollback'],
      { report: { cpuid: { family: 0x1a, model: 0x50, stepping: 0 } } },
    ],
    [
      'a TCB with a reserved byte',
      ['snp.product', 'snp.tcb', 'snp.rollback'],
      { report: { patches: [[0x1f2, Uint8Array.of(1)]] } },
    ],
    ['a missing list', ['snp.crl'], { crl: null }],
    ['a list that revokes the ASK', ['snp.crl'], { crl: { revoked: [SNP_ASK_SERIAL] } }],
    ['a list of somebody else', ['snp.crl'], { crl: { issuer: amdName('ARK-Genoa') } }],
    ['a list that somebody else signed', ['snp.crl'], { crl: { signer: testKey('PS384', 102) } }],
    ['a list of the future', ['snp.crl'], { crl: { thisUpdate: utcTime('250102000000Z') } }],
    [
      'a list that revokes the ASK, even unchecked',
      ['snp.crl'],
      { crl: { revoked: [SNP_ASK_SERIAL] }, referenceValues: { crl: 'unchecked' } },
    ],
  ];
  test.each(cases)('%s', async (_what, rules, options) => {
    expect((await broken(options)).toSorted()).toEqual(rules.toSorted());
  });

  const noChain = ['snp.chain', 'snp.crl'];
  const askOf = (commonName: string) => ({
    ask: { subject: amdName(commonName) },
    vek: { issuer: amdName(commonName) },
  });
  test.each<[string, SnpOptions, string]>([
    ['a VLEK’s authority above a VCEK', askOf('SEV-VLEK-Milan'), 'certificate_untrusted'],
    ['a VCEK’s authority above a VLEK', { signer: 'vlek', ...askOf('SEV-Milan') }, 'certificate_untrusted'],
    ['the authority of another product', askOf('SEV-Genoa'), 'certificate_untrusted'],
    ['a leaf by another name', { vek: { subject: amdName('SEV-VLEK') } }, 'certificate_untrusted'],
    ['a VEK that somebody else signed', { vek: { signer: testKey('PS384', 104) } }, 'signature_invalid'],
    ['an ASK that somebody else signed', { ask: { signer: testKey('PS384', 104) } }, 'signature_invalid'],
    ['an ARK that is not the pinned one', { ark: { key: testKey('PS384', 104) } }, 'signature_invalid'],
    ['a VEK signed in another scheme', { vek: { signer: testKey('RS384', 102) } }, 'unsupported_algorithm'],
    ['an ASK that is no authority', { ask: { extensions: [keyUsage(5)] } }, 'certificate_usage'],
    [
      'an ASK that may not sign',
      { ask: { extensions: [basicConstraints(true, 0), keyUsage(0)] } },
      'certificate_usage',
    ],
    ['an expired VEK', { vek: { notAfter: utcTime('241231235959Z') } }, 'certificate_expired'],
    ['a VEK of the future', { vek: { notBefore: utcTime('250101000001Z') } }, 'certificate_not_yet_valid'],
    ['an expired ASK', { ask: { notAfter: utcTime('241231235959Z') } }, 'certificate_expired'],
    ['an expired ARK', { ark: { notAfter: utcTime('241231235959Z') } }, 'certificate_expired'],
  ])('%s', async (_what, options, code) => {
    expect(await broken(options)).toEqual(noChain);
    expect(await got('snp.chain', options)).toMatch(new RegExp(`^${code}: `));
  });

  const noVek = [
    'snp.vek',
    'snp.product',
    'snp.chain',
    'snp.crl',
    'snp.signature',
    'snp.tcb',
    'snp.chip',
    'snp.rollback',
  ];
  const withVlek = { '4': null, '5': tlv(0x16, utf8('x')) };
  test.each<[string, SnpOptions, readonly string[]]>([
    ['the certificate of a VLEK for a VCEK', { vekExtensions: withVlek }, []],
    [
      'the certificate of a VCEK for a VLEK',
      { signer: 'vlek', vekExtensions: { '4': new Uint8Array(64), '5': null } },
      [],
    ],
    ['a report that names no signer', { report: { flags: 7 << 2 } }, ['snp.signer']],
    ['a report that names a signer that is reserved', { report: { flags: 2 << 2 } }, ['snp.signer']],
    ['a HWID in DER', { vekExtensions: { '4': tlv(0x04, new Uint8Array(64)) } }, []],
    ['a VEK that is not of P-384', { vek: { key: testKey('ES256', 3) } }, []],
  ])('%s', async (_what, options, more) => {
    expect((await broken(options)).toSorted()).toEqual([...noVek, ...more].toSorted());
  });

  test('everybody without endorsements', async () => {
    const made = snpCase();
    const { vek, ...rest } = made.endorsements.snp;
    for (const snp of [undefined, { ...rest, vek: null }, { vek: null, ask: null, crl: null }]) {
      const { rules } = await appraiseSnp({
        ...made,
        endorsements: { ...made.endorsements, snp },
        expectedData: new Uint8Array(64).fill(0x5d),
        instantMs: SNP_INSTANT_MS,
        verify: verifyNode,
      });
      const got = 'endorsement_missing: no certificate of the vcek was given';
      expect(rules.find(({ rule }) => rule === 'snp.vek')?.got).toBe(got);
      const failed = rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
      expect(failed.toSorted()).toEqual(noVek.toSorted());
    }
  });

  test.each(['vcek', 'vlek'] as const)('a chain without the certificate of who issued the %s', async (signer) => {
    const made = snpCase({ signer });
    const endorsements = { ...made.endorsements, snp: { ...made.endorsements.snp, ask: null } };
    const terms = { expectedData: null, instantMs: SNP_INSTANT_MS, verify: verifyNode };
    const { rules } = await appraiseSnp({ ...made, endorsements, ...terms });
    const name = signer === 'vlek' ? 'SEV-VLEK-Milan' : 'SEV-Milan';
    expect(rules.filter(({ pass }) => !pass)).toEqual([
      expect.objectContaining({
        rule: 'snp.chain',
        got: `endorsement_missing: no certificate of ${name} was given`,
      }),
      expect.objectContaining({ rule: 'snp.crl', got: 'not reached' }),
    ]);
  });

  test('a stale list by its own code', async () => {
    const crl = { nextUpdate: utcTime('250101000000Z') };
    expect(await got('snp.crl', { crl }, SNP_INSTANT_MS + DAY_MS + 1)).toMatch(/^endorsement_stale: /);
    expect(await got('snp.crl', { crl }, SNP_INSTANT_MS + DAY_MS)).toBe(
      'not revoked by the list of 2024-01-01T00:00:00Z',
    );
  });

  test('what is below the floor by its name', async () => {
    const committedTcb = snpTcb('Milan', { tee: 0, snp: 3 });
    expect(await got('snp.rollback', { report: { committedTcb } })).toMatch(
      /; below: committed tee 0, committed snp 3$/,
    );
  });
});

describe('evidence with a byte changed', () => {
  const made = snpCase();
  const { snp } = made.endorsements;
  const report = fromBase64url(made.report.report);
  const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 0x10 : byte));
  /** How a changed report is refused: the code that it throws, or `fail`. */
  const outcome = async (changed: SnpCase): Promise<string> => {
    try {
      return (await reach(changed)).rules.every(({ pass }) => pass) ? 'pass' : 'fail';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const reported = (bytes: Uint8Array): SnpCase => ({
    ...made,
    report: { platform: 'snp', report: toBase64url(bytes) },
  });
  const endorsed = (part: 'vek' | 'ask' | 'crl', der: Uint8Array): SnpCase => ({
    ...made,
    endorsements: { ...made.endorsements, snp: snp && { ...snp, [part]: toBase64url(der) } },
  });

  test('is refused at every signed byte of the report', async () => {
    const outcomes = new Set<string>();
    for (let at = 0; at < 0x2a0; at += 5) outcomes.add(await outcome(reported(flip(report, at))));
    expect([...outcomes].toSorted()).toEqual(['fail', 'malformed', 'unsupported_version']);
  });

  test('is refused at every byte of the report that is not signed', async () => {
    const outcomes = new Set<string>();
    for (let at = 0x2a0; at < report.length; at++) outcomes.add(await outcome(reported(flip(report, at))));
    expect([...outcomes].toSorted()).toEqual(['fail', 'malformed']);
  });

  test.each(['vek', 'ask', 'crl'] as const)('is refused anywhere in the %s', async (part) => {
    const der = fromBase64url(snp?.[part] ?? '');
    for (let at = 0; at < der.length; at += 11) {
      expect(await outcome(endorsed(part, flip(der, at))), `byte ${at}`).toBe('fail');
    }
  });

  test.each(['vek', 'ask', 'crl'] as const)('is refused at every truncation of the %s', async (part) => {
    const der = fromBase64url(snp?.[part] ?? '');
    for (let length = 1; length < der.length; length += 7) {
      expect(await outcome(endorsed(part, der.subarray(0, length))), `${length} bytes`).toBe('fail');
    }
  });
});
