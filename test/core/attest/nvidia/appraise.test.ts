import { describe, expect, test } from 'vitest';
import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import type { PlatformResult } from '../../../../src/core/attest/kit/platform.ts';
import { appraiseNvidia } from '../../../../src/core/attest/nvidia/appraise.ts';
import { NVIDIA_CLAIMS } from '../../../../src/core/attest/nvidia/claims.ts';
import type { SpdmEvidence } from '../../../../src/core/attest/nvidia/evidence.ts';
import type { NvidiaReferenceValues } from '../../../../src/core/attest/nvidia/reference-values.ts';
import { fromHex, toHex, u8, utf8 } from '../../../../src/core/bytes.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import {
  compositeDeviceId,
  type DeviceOptions,
  evidenceOf,
  goldenAt,
  identitySerial,
  leafSerial,
  makeDevice,
  measured,
  referenceValuesFor,
  switchId,
  TEST_DRIVER,
  TEST_FWID,
  TEST_NONCE,
  TEST_VBIOS,
  tcbInfo,
} from '../../../platforms/nvidia.ts';
import { basicConstraints, extension, keyUsage, makeCertificate, name, testKey } from '../../x509/certificate-kit.ts';

const INSTANT = Date.UTC(2026, 0, 1);
const OTHER = 'ab'.repeat(48);

interface Given {
  readonly values?: NvidiaReferenceValues | null;
  readonly nonce?: Uint8Array | null;
  readonly instantMs?: number;
  readonly allowedSwitches?: readonly number[] | null;
}

function appraise(report: SpdmEvidence, given: Given = {}): Promise<PlatformResult> {
  const { values = referenceValuesFor(), nonce = TEST_NONCE, instantMs = INSTANT, allowedSwitches = [0] } = given;
  const rest = { endorsements: NO_ENDORSEMENTS, verify: verifyNode };
  return appraiseNvidia({ report, expectedData: nonce, referenceValues: values, instantMs, allowedSwitches, ...rest });
}

/** The rules that fail, without the platform's name. */
async function broken(report: SpdmEvidence, given: Given = {}): Promise<string[]> {
  const { rules } = await appraise(report, given);
  return rules.filter(({ pass }) => !pass).map(({ rule }) => rule.replace('nvidia.', ''));
}

const one = (options: DeviceOptions = {}) => evidenceOf(makeDevice(options));
const valuesWith = (changes: Partial<NvidiaReferenceValues>): Given => ({ values: referenceValuesFor(changes) });
/** What a rule of the first GPU shows. */
const shown = async (rule: string, report: SpdmEvidence, given: Given = {}) =>
  (await appraise(report, given)).rules.find((each) => each.rule === `nvidia.gpu-0.${rule}`);

describe('devices', () => {
  test.each(['hopper', 'blackwell', 'nvswitch'] as const)('of %s meet every rule', async (architecture) => {
    expect(await broken(one({ architecture }))).toEqual([]);
  });

  test.each(['LS_10 A01 FSP FMC LF', 'LS10 A01 FSP FMC LF'])('named %s are of the chip LS10', async (leafName) => {
    const report = one({ architecture: 'nvswitch', leafName });
    expect((await appraise(report)).claims['nvidia.switch-0.chip']).toBe('LS10');
    expect(await broken(report)).toEqual([]);
  });

  test('of several kinds are numbered apart, in the order of the evidence', async () => {
    const report = evidenceOf(
      makeDevice({ switches: [2, 4] }),
      makeDevice({ architecture: 'nvswitch', seed: 2 }),
      makeDevice({ architecture: 'blackwell', seed: 3, switches: [4, 2] }),
      makeDevice({ architecture: 'nvswitch', seed: 4 }),
    );
    const { claims, rules, label } = await appraise(report);
    expect(rules.filter(({ pass }) => !pass)).toEqual([]);
    expect(claims).toMatchObject({
      'gpu.count': '2',
      'gpu.switches': '2',
      'nvidia.gpu-0.chip': 'GH100',
      'nvidia.gpu-1.chip': 'GB100',
      'nvidia.switch-0.device': identitySerial(2, 'nvswitch'),
      'nvidia.switch-1.device': identitySerial(4, 'nvswitch'),
      'nvidia.gpu-0.links': [2, 4].map((seed) => toHex(switchId(seed))).join(' '),
      'nvidia.switch-0.links': 'absent',
      'nvidia.switch-1.driver': 'absent',
    });
    expect(label).toBe(`gpu-${leafSerial().slice(0, 16)}`);
  });

  test('say what they measured, and each claim may be revoked', async () => {
    const { claims } = await appraise(one());
    expect(claims).toMatchObject({
      'gpu.count': '1',
      'gpu.switches': '0',
      'nvidia.gpu-0.architecture': 'hopper',
      'nvidia.gpu-0.leaf': leafSerial(),
      'nvidia.gpu-0.driver': TEST_DRIVER,
      'nvidia.gpu-0.vbios': TEST_VBIOS,
      'nvidia.gpu-0.nonce': toHex(TEST_NONCE),
      'nvidia.gpu-0.trailing-bytes': '0',
    });
    const names = Object.keys(claims).filter((name) => name.startsWith('nvidia.'));
    expect(names.map((name) => name.replace('gpu-0.', '')).sort()).toEqual(Object.keys(NVIDIA_CLAIMS).sort());
  });

  test('show rules in one order in every appraisal', async () => {
    const [first, second] = [await appraise(one()), await appraise(one())];
    expect(first).toEqual(second);
    expect(first.rules.map(({ rule }) => rule.replace('nvidia.gpu-0.', ''))).toEqual([
      ...['chain', 'signature', 'fwid', 'architecture', 'nonce'],
      ...['driver', 'vbios', 'measurements', 'golden-conflict', 'ppcie', 'feature-flag'],
      ...['nvidia.distinct', 'nvidia.one-driver', 'nvidia.topology'],
    ]);
  });
});

describe('the topology', () => {
  const gpu = (seed: number, switches?: readonly number[], opaque?: DeviceOptions['opaque']) =>
    makeDevice({ seed, ...(switches === undefined ? {} : { switches }), ...(opaque === undefined ? {} : { opaque }) });
  const nvswitch = (seed: number, opaque: DeviceOptions['opaque'] = {}) =>
    makeDevice({ architecture: 'nvswitch', seed, opaque });
  const topology = async (...devices: readonly ReturnType<typeof makeDevice>[]) =>
    (await appraise(evidenceOf(...devices))).rules.find(({ rule }) => rule === 'nvidia.topology');

  test('of GPUs that are linked to all switches that are shown passes', async () => {
    expect(await broken(evidenceOf(gpu(1, [3, 4]), gpu(2, [3, 4]), nvswitch(3), nvswitch(4)))).toEqual([]);
  });

  test('of GPUs alone, or of one switch alone, has nothing to compare', async () => {
    expect(await broken(evidenceOf(gpu(1), gpu(2)))).toEqual([]);
    expect(await broken(evidenceOf(gpu(1, [3, 4]), gpu(2, [4, 3])))).toEqual([]);
    expect(await broken(evidenceOf(nvswitch(3)))).toEqual([]);
  });

  test('of several switches without a GPU is refused: nothing says that they are of one machine', async () => {
    const got = 'no GPU says that 2 NVSwitches are of one machine';
    expect(await topology(nvswitch(3), nvswitch(4))).toMatchObject({ got, pass: false });
  });

  test('with a switch that no GPU is linked to is refused: it is of another machine', async () => {
    const devices = [gpu(1, [3]), gpu(2, [3]), nvswitch(3), nvswitch(5)];
    expect(await broken(evidenceOf(...devices))).toEqual(['topology']);
    const got = 'gpu-0 is not linked to switch-1; gpu-1 is not linked to switch-1';
    expect(await topology(...devices)).toMatchObject({ got });
    expect(await broken(evidenceOf(gpu(1), nvswitch(3)))).toEqual(['topology']);
  });

  test('with a switch that one GPU is not linked to is refused', async () => {
    const rule = await topology(gpu(1, [3, 4]), gpu(2, [3]), nvswitch(3), nvswitch(4));
    expect(rule).toMatchObject({ pass: false, got: 'gpu-1 is not linked to switch-1' });
  });

  test('with a link to a switch that is not shown is refused', async () => {
    const rule = await topology(gpu(1, [3, 4]), gpu(2, [3, 4]), nvswitch(3));
    const hidden = `linked to ${toHex(switchId(4))}, which is not shown`;
    expect(rule).toMatchObject({ pass: false, got: `gpu-0 is ${hidden}; gpu-1 is ${hidden}` });
  });

  test('of GPUs that are linked to other switches than one another is refused', async () => {
    const rule = await topology(gpu(1, [3, 4]), gpu(2, [3, 5]));
    expect(rule).toMatchObject({ pass: false, got: 'gpu-1 is linked to other NVSwitches than gpu-0' });
    expect(await topology(gpu(1, [3]), gpu(2))).toMatchObject({ pass: false });
  });

  test('of GPUs with links, without their switches, is refused unless the policy lists 0 switches alone', async () => {
    const linked = evidenceOf(gpu(1, [3, 4]), gpu(2, [3, 4]));
    const ids = [switchId(3), switchId(4)].map(toHex).sort().join(', ');
    const got =
      'show the evidence of these NVSwitches, or let the policy list 0 alone as its count of switches; ' +
      `gpu-0 is linked to ${ids}; gpu-1 is linked to ${ids}`;
    for (const allowedSwitches of [[0, 4], [4, 0], [4], []]) {
      const { rules } = await appraise(linked, { allowedSwitches });
      expect(rules.filter(({ pass }) => !pass)).toEqual([
        { rule: 'nvidia.topology', expected: 'no GPU linked to an NVSwitch, for none is shown', got, pass: false },
      ]);
      expect(await broken(evidenceOf(gpu(1), gpu(2)), { allowedSwitches })).toEqual([]);
    }
    for (const allowedSwitches of [[0], null]) expect(await broken(linked, { allowedSwitches })).toEqual([]);
    const shown = evidenceOf(gpu(1, [3, 4]), gpu(2, [3, 4]), nvswitch(3), nvswitch(4));
    expect(await broken(shown, { allowedSwitches: [0, 2] })).toEqual([]);
  });

  test('of GPUs without a switch says what was compared', async () => {
    const got = 'the same links on each of 2 GPUs; no NVSwitch is shown';
    expect(await topology(gpu(1, [3, 4]), gpu(2, [4, 3]))).toMatchObject({ got, pass: true });
    expect(await topology(gpu(1), gpu(2))).toMatchObject({ got, pass: true });
  });

  test('with a switch that names a second id beside its own is refused', async () => {
    const id = new Uint8Array([...switchId(4), ...switchId(4)]);
    expect(await topology(gpu(1, [3, 4]), nvswitch(3), nvswitch(4, { 22: id }))).toMatchObject({ pass: false });
  });

  test('with a switch that says another id than its identity is refused', async () => {
    for (const id of [switchId(3), switchId(4).toReversed(), new Uint8Array(), new Uint8Array(16), null]) {
      const rule = await topology(gpu(1, [3, 4]), nvswitch(3), nvswitch(4, { 22: id }));
      expect(rule).toMatchObject({ pass: false, got: expect.stringContaining('switch-1 has not its own id') });
    }
  });

  test('with a GPU that writes ids from the first byte to the last is refused', async () => {
    expect(await topology(gpu(1, [3], { 22: switchId(3) }), nvswitch(3))).toMatchObject({ pass: false });
  });
});

describe('the chain', () => {
  const rootless = (chain: readonly Uint8Array[]) => chain.slice(0, 4);

  test('may leave the root out, and must not leave out anything else', async () => {
    expect(await broken(one({ chain: rootless }))).toEqual([]);
    expect(await broken(one({ chain: (chain) => chain.slice(0, 3) }))).toEqual(['gpu-0.chain']);
    expect(await broken(one({ chain: ([leaf, , ...rest]) => [leaf as Uint8Array, ...rest] }))).toContain('gpu-0.chain');
  });

  test('to a root that is not pinned is refused', async () => {
    expect(await broken(one(), valuesWith({ roots: [] }))).toEqual(['gpu-0.chain']);
    expect(await broken(one(), { values: null })).toEqual(['gpu-0.chain']);
    const root = { subject: name({ '2.5.4.3': 'Other' }), issuer: name({ '2.5.4.3': 'Other' }) };
    const key = testKey('ES384', 0x66);
    const other = makeCertificate({ ...root, key, signer: key, extensions: [basicConstraints(true), keyUsage(5)] });
    const roots = [Buffer.from(other).toString('base64url')];
    expect(await broken(one(), valuesWith({ roots }))).toEqual(['gpu-0.chain']);
  });

  test('of another length is refused: a leaf certified by something else than the device’s own code', async () => {
    const rule = await shown('chain', one({ chain: (chain) => shortened(chain) }));
    expect(rule).toMatchObject({ pass: false, got: 'certificate_untrusted: expected a path of 5 certificates, got 4' });
  });

  test('that is out of date is refused', async () => {
    expect(await broken(one(), { instantMs: Date.UTC(2041, 0, 1) })).toEqual(['gpu-0.chain']);
    expect(await broken(one(), { instantMs: Date.UTC(2019, 0, 1) })).toEqual(['gpu-0.chain']);
  });

  const fwid = compositeDeviceId(fromHex(TEST_FWID));
  test.each([
    ['is an authority', [basicConstraints(true), keyUsage(0, 5), fwid]],
    ['may not sign', [keyUsage(5), fwid]],
    ['does not say that it may sign', [fwid]],
    ['has a critical extension that is not known', [keyUsage(0), fwid, extension('1.2.3', u8(5), true)]],
  ])('of a leaf that %s is refused', async (_, leafExtensions) => {
    expect(await broken(one({ leafExtensions }))).toEqual(['gpu-0.chain']);
  });
});

/** A valid path without an identity certificate: the provisioner certifies the leaf. */
function shortened([, , provisioner, product, root]: readonly Uint8Array[]): Uint8Array[] {
  const leaf = makeCertificate({
    subject: name({ '2.5.4.3': 'GH100 A01 GSP FMC LF' }),
    issuer: name({ '2.5.4.3': 'Test Provisioner', '2.5.4.10': 'Test Corporation' }),
    key: testKey('ES384', 1),
    signer: testKey('ES384', 0x72),
    extensions: [keyUsage(0), compositeDeviceId(fromHex(TEST_FWID))],
  });
  return [leaf, provisioner, product, root] as Uint8Array[];
}

describe('the report', () => {
  test('signed by another key is refused', async () => {
    expect(await broken(one({ signer: testKey('ES384', 0x55) }))).toEqual(['gpu-0.signature']);
  });

  test('of another device under this chain is refused', async () => {
    const [mine, other] = [makeDevice(), makeDevice({ seed: 2 })];
    expect(await broken(evidenceOf({ spdm: other.spdm, chain: mine.chain }))).toEqual(['gpu-0.signature']);
  });

  test('that answers another request is refused, unless no nonce is expected', async () => {
    const stale = one({ nonce: new Uint8Array(32).fill(9) });
    expect(await broken(stale)).toEqual(['gpu-0.nonce']);
    expect(await broken(stale, { nonce: null })).toEqual([]);
  });

  test('is accepted with a byte after the signature, which is shown', async () => {
    const { claims } = await appraise(one({ trailing: u8(0) }));
    expect(claims['nvidia.gpu-0.trailing-bytes']).toBe('1');
  });

  test('that cannot be read is refused, by its place', async () => {
    const unreadable = evidenceOf(makeDevice(), { ...makeDevice({ seed: 2 }), spdm: u8(0) });
    const refusal = expect.objectContaining({
      code: 'malformed',
      message: expect.stringMatching(/^devices\[1\]: spdm/),
    });
    await expect(appraise(unreadable)).rejects.toThrow(refusal);
  });

  test('under a chain that cannot be read is refused', async () => {
    const chain = ([, ...rest]: readonly Uint8Array[]) => [utf8('leaf'), ...rest];
    await expect(appraise(one({ chain }))).rejects.toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});

describe('the FWID', () => {
  test('that is not the leaf’s is refused', async () => {
    expect(await broken(one({ opaque: { 20: fromHex(OTHER) } }))).toEqual(['gpu-0.fwid']);
    const leafExtensions = [keyUsage(0), compositeDeviceId(fromHex(OTHER))];
    expect(await broken(one({ leafExtensions }))).toEqual(['gpu-0.fwid']);
  });

  test('that the report leaves out is refused, unless reference values allow it', async () => {
    const silent = one({ opaque: { 20: null } });
    expect(await broken(silent)).toEqual(['gpu-0.fwid']);
    expect(await broken(silent, valuesWith({ fwidOptional: ['hopper'] }))).toEqual([]);
    expect(await broken(silent, valuesWith({ fwidOptional: ['blackwell', 'nvswitch'] }))).toEqual(['gpu-0.fwid']);
    expect(await shown('fwid', silent, { values: null })).toMatchObject({ pass: true, got: 'absent' });
  });

  test('that the leaf leaves out is refused, even where the report may', async () => {
    const bare = one({ leafExtensions: [keyUsage(0)] });
    expect(await broken(bare, valuesWith({ fwidOptional: ['hopper'] }))).toEqual(['gpu-0.fwid']);
    const silent = one({ leafExtensions: [keyUsage(0)], opaque: { 20: null } });
    expect(await broken(silent, valuesWith({ fwidOptional: ['hopper'] }))).toEqual(['gpu-0.fwid']);
  });

  test('is the first of Blackwell’s list', async () => {
    const second = [keyUsage(0), tcbInfo(new Uint8Array(48), fromHex(TEST_FWID))];
    expect(await broken(one({ architecture: 'blackwell', leafExtensions: second }))).toEqual(['gpu-0.fwid']);
  });

  test.each([
    ['in two forms', [compositeDeviceId(fromHex(TEST_FWID)), tcbInfo(fromHex(TEST_FWID))]],
    ['of SHA-256', [compositeDeviceId(new Uint8Array(32))]],
    ['in an empty list', [tcbInfo()]],
    ['that is cut short', [extension('2.23.133.5.4.1', fromHex('3003020101'))]],
    ['of another version', [extension('2.23.133.5.4.1', fromHex('3003020102'))]],
  ])('%s in a leaf is refused', async (_, extensions) => {
    const report = one({ leafExtensions: [keyUsage(0), ...extensions] });
    await expect(appraise(report)).rejects.toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});

describe('the architecture', () => {
  test('that is not listed is refused', async () => {
    expect(await broken(one(), valuesWith({ architectures: ['blackwell'] }))).toEqual(['gpu-0.architecture']);
    expect(await broken(one(), valuesWith({ architectures: [] }))).toEqual(['gpu-0.architecture']);
  });

  test.each(['GA100 A01 GSP FMC LF', 'GH100', 'gh100 A01', '', 'LS_20 A01 FSP'])(
    'of a leaf that is named %j is unknown, and refused',
    async (leafName) => {
      expect(await broken(one({ leafName }))).toContain('gpu-0.architecture');
    },
  );
});

describe('versions', () => {
  test('of a driver that is not listed for the chip are refused, and nothing is compared', async () => {
    const rules = ['gpu-0.driver', 'gpu-0.measurements', 'gpu-0.golden-conflict'];
    expect(await broken(one({ opaque: { 3: utf8('570.124.04') } }))).toEqual(rules);
    expect(await broken(one({ opaque: { 3: null } }))).toEqual(rules);
    expect(await broken(one(), valuesWith({ drivers: [] }))).toEqual(rules);
    const drivers = referenceValuesFor().drivers.filter(({ chip }) => chip === 'GB100');
    expect(await broken(one(), valuesWith({ drivers }))).toEqual(rules);
  });

  test('of a VBIOS that is not listed for the chip are refused, and nothing is compared', async () => {
    const rules = ['gpu-0.vbios', 'gpu-0.measurements', 'gpu-0.golden-conflict'];
    expect(await broken(one({ opaque: { 6: utf8('96.00.5E.00.05') } }))).toEqual(rules);
    expect(await broken(one({ opaque: { 6: null } }))).toEqual(rules);
    expect(await broken(one(), valuesWith({ vbioses: [] }))).toEqual(rules);
  });

  test.each([
    ['project', 17],
    ['project SKU', 18],
    ['chip SKU', 15],
  ])('of a VBIOS for another %s are refused', async (_, field) => {
    expect(await broken(one({ opaque: { [field]: utf8('9999') } }))).toContain('gpu-0.vbios');
    expect(await broken(one({ opaque: { [field]: null } }))).toContain('gpu-0.vbios');
  });

  test('of a VBIOS for any project are compared without it', async () => {
    const any = { project: null, projectSku: null, chipSku: null };
    const vbioses = [{ chip: 'GH100', version: TEST_VBIOS, ...any, golden: goldenAt(0) }];
    expect(await broken(one({ opaque: { 17: utf8('9999'), 15: null } }), valuesWith({ vbioses }))).toEqual([]);
  });
});

describe('golden values', () => {
  const record = { project: null, projectSku: null, chipSku: null };
  const golden = (driver: ReturnType<typeof goldenAt> | null, vbios: ReturnType<typeof goldenAt> | null) =>
    valuesWith({
      drivers: [{ chip: 'GH100', version: TEST_DRIVER, golden: driver }],
      vbioses: [{ chip: 'GH100', version: TEST_VBIOS, ...record, golden: vbios }],
    });
  const wrong = (index: number) => ({ index, values: [OTHER] });

  test('of index i are of block i + 1, and each differing one is named', async () => {
    const report = one({ measurements: { 8: fromHex(OTHER), 22: fromHex(OTHER) } });
    expect(await broken(report)).toEqual(['gpu-0.measurements']);
    expect(await shown('measurements', report)).toMatchObject({ got: 'differs at 7 21', expected: '6 golden values' });
    expect(await broken(one({ measurements: { 7: fromHex(OTHER) } }))).toEqual([]);
  });

  test('that differ are named with what they measure, where the vendor says so', async () => {
    const report = one({ measurements: { 2: fromHex(OTHER), 10: fromHex(OTHER), 33: fromHex(OTHER) } });
    const given = golden(goldenAt(7, 32), goldenAt(1, 9));
    expect(await shown('measurements', report, given)).toMatchObject({
      got: 'differs at 1 (of the FSP) 9 (the CC mode is part of it) 32 (of the GSP)',
    });
    const other = { architecture: 'blackwell', measurements: { 2: fromHex(OTHER) } } as const;
    expect(await shown('measurements', one(other))).toMatchObject({ got: 'differs at 1' });
  });

  test('may have alternatives', async () => {
    const values = [OTHER, toHex(measured(8))];
    expect(await broken(one(), golden([{ index: 7, values }], goldenAt(0)))).toEqual([]);
  });

  test('without alternatives match nothing', async () => {
    expect(await broken(one(), golden([{ index: 7, values: [] }], goldenAt(0)))).toEqual(['gpu-0.measurements']);
  });

  test('of a block that is not there do not match', async () => {
    const report = one({ blocks: 30 });
    expect(await broken(report, golden(goldenAt(29), goldenAt(0)))).toEqual([]);
    expect(await broken(report, golden(goldenAt(30), goldenAt(0)))).toEqual(['gpu-0.measurements']);
  });

  test('that are an empty list match nothing', async () => {
    expect(await broken(one(), golden([], goldenAt(0)))).toEqual(['gpu-0.measurements']);
    expect(await broken(one(), golden(goldenAt(7), []))).toEqual(['gpu-0.measurements']);
  });

  test('that are null compare the version alone, and the rule says so', async () => {
    expect(await broken(one(), golden(null, goldenAt(0)))).toEqual([]);
    expect(await broken(one(), golden(null, [wrong(0)]))).toEqual(['gpu-0.measurements']);
    expect(await shown('measurements', one(), golden(null, null))).toEqual({
      rule: 'nvidia.gpu-0.measurements',
      expected: 'no golden values, by policy',
      got: 'not compared',
      pass: true,
    });
  });

  test('at index 35 are passed over where the video decoder is off, and there alone', async () => {
    const given = golden([wrong(35)], goldenAt(0));
    expect(await broken(one({ opaque: { 11: u8(0x55) } }), given)).toEqual([]);
    expect(await broken(one({ opaque: { 11: u8(0xaa) } }), given)).toEqual(['gpu-0.measurements']);
    expect(await broken(one({ opaque: { 11: null } }), given)).toEqual(['gpu-0.measurements']);
  });

  test('of which none is left to compare match nothing', async () => {
    expect(await broken(one({ opaque: { 11: u8(0x55) } }), golden(goldenAt(35), null))).toEqual(['gpu-0.measurements']);
  });

  test('that driver and VBIOS claim differently are refused', async () => {
    const both = { index: 7, values: [OTHER, toHex(measured(8))] };
    expect(await broken(one(), golden([both], goldenAt(7)))).toEqual(['gpu-0.golden-conflict']);
    expect(await broken(one(), golden([both], [{ ...both, values: both.values.toReversed() }]))).toEqual([]);
  });

  test('of an NVSwitch are its VBIOS’s', async () => {
    const report = one({ architecture: 'nvswitch', measurements: { 31: fromHex(OTHER) } });
    expect(await broken(report)).toEqual(['switch-0.measurements']);
  });
});

describe('modes', () => {
  test('of protected PCIe that are not listed are refused', async () => {
    expect(await broken(one({ opaque: { 21: u8(0xaa) } }))).toEqual(['gpu-0.ppcie']);
    expect(await broken(one({ opaque: { 21: null } }))).toEqual(['gpu-0.ppcie']);
    expect(await broken(one({ opaque: { 21: null } }), valuesWith({ ppcie: ['absent'] }))).toEqual([]);
    expect(await broken(one({ opaque: { 21: u8(0xaa) } }), valuesWith({ ppcie: null }))).toEqual([]);
    expect(await broken(one(), valuesWith({ ppcie: [] }))).toEqual(['gpu-0.ppcie']);
  });

  test('that the feature flag says and that are not listed are refused', async () => {
    expect(await broken(one({ opaque: { 36: fromHex('0200') } }))).toEqual(['gpu-0.feature-flag']);
    expect(await broken(one({ opaque: { 36: null } }))).toEqual(['gpu-0.feature-flag']);
    expect(await broken(one({ opaque: { 36: null } }), valuesWith({ featureFlags: null }))).toEqual([]);
  });
});

describe('several devices', () => {
  test('that are one device shown twice are refused', async () => {
    const twice = evidenceOf(makeDevice(), makeDevice());
    expect(await broken(twice)).toEqual(['distinct']);
  });

  test('with two drivers are refused: they are of two machines', async () => {
    const allowed = ['535.86.09', '550.90.07'].map((version) => ({ chip: 'GH100', version, golden: null }));
    const given = valuesWith({ drivers: [...allowed, ...referenceValuesFor().drivers] });
    const withDriver = (seed: number, version: string | null) =>
      makeDevice({ seed, opaque: { 3: version === null ? null : utf8(version) } });
    const failed = async (...devices: readonly ReturnType<typeof makeDevice>[]) =>
      (await appraise(evidenceOf(...devices), given)).rules.filter(({ pass }) => !pass);
    expect(await failed(withDriver(1, '535.86.09'), withDriver(2, '535.86.09'))).toEqual([]);
    expect(await failed(withDriver(1, '535.86.09'), withDriver(2, '550.90.07'))).toMatchObject([
      { rule: 'nvidia.one-driver', got: '535.86.09, 550.90.07' },
    ]);
    const blackwell = makeDevice({ architecture: 'blackwell', seed: 2 });
    expect(await failed(withDriver(1, '535.86.09'), blackwell)).toMatchObject([
      { rule: 'nvidia.one-driver', got: `535.86.09, ${TEST_DRIVER}` },
    ]);
    expect(await broken(evidenceOf(withDriver(1, '535.86.09'), withDriver(2, null)), given)).toContain('one-driver');
  });

  test('that are one device with two firmwares are refused', async () => {
    const key = testKey('ES384', 2);
    const other = makeDevice({ signer: key, chain: (chain) => recertified(chain, key) });
    expect(await broken(evidenceOf(other))).toEqual([]);
    expect(await broken(evidenceOf(makeDevice(), other))).toEqual(['distinct']);
  });

  test('are each compared', async () => {
    const report = evidenceOf(makeDevice(), makeDevice({ seed: 2, opaque: { 20: fromHex(OTHER) } }));
    expect(await broken(report)).toEqual(['gpu-1.fwid']);
  });

  test('that are not enrolled are refused, where devices are', async () => {
    expect(await broken(one(), valuesWith({ devices: [identitySerial()] }))).toEqual([]);
    expect(await broken(one(), valuesWith({ devices: [identitySerial(2)] }))).toEqual(['gpu-0.device']);
    expect(await broken(one(), valuesWith({ devices: [leafSerial()] }))).toEqual(['gpu-0.device']);
    expect(await broken(one(), valuesWith({ devices: [] }))).toEqual(['gpu-0.device']);
  });
});

/** The chain of the first device, with another key for its firmware. */
function recertified([, ...issuers]: readonly Uint8Array[], key: ReturnType<typeof testKey>): Uint8Array[] {
  const leaf = makeCertificate({
    subject: name({ '2.5.4.3': 'GH100 A01 GSP FMC LF' }),
    issuer: name({ '2.5.4.3': 'GH100 A01 GSP BROM 1', '2.5.4.10': 'Test Corporation' }),
    key,
    signer: testKey('ES384', 0x81),
    serial: leafSerial(2),
    extensions: [keyUsage(0), compositeDeviceId(fromHex(TEST_FWID))],
  });
  return [leaf, ...issuers];
}

describe('every flipped bit', () => {
  const device = makeDevice({ blocks: 2, trailing: u8(0) });
  const values = referenceValuesFor({
    drivers: [{ chip: 'GH100', version: TEST_DRIVER, golden: goldenAt(1) }],
    vbioses: [
      { chip: 'GH100', version: TEST_VBIOS, project: null, projectSku: null, chipSku: null, golden: goldenAt(0) },
    ],
  });
  /** How evidence with one bit changed is refused; null where it is not. */
  async function refusal(report: SpdmEvidence): Promise<string | null> {
    try {
      return (await broken(report, { values })).join(' ') || null;
    } catch (error) {
      return (error as { code: string }).code;
    }
  }
  const flipped = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

  test('of a report is refused, but in the byte that follows the signature', async () => {
    expect(await refusal(evidenceOf(device))).toBeNull();
    const accepted: number[] = [];
    // Every byte that is not signed; of those that are, every fifth, for time.
    const signedBytes = device.spdm.length - 97;
    for (let at = 0; at < device.spdm.length; at += at < signedBytes ? 5 : 1) {
      const changed = { ...device, spdm: flipped(device.spdm, at) };
      if ((await refusal(evidenceOf(changed))) === null) accepted.push(at);
    }
    // The last byte: no signature covers it, and no rule reads it.
    expect(accepted).toEqual([device.spdm.length - 1]);
  });

  test.each([0, 1, 2, 3])('of certificate %i is refused', async (depth) => {
    const certificate = device.chain[depth] as Uint8Array;
    const accepted: number[] = [];
    for (let at = 0; at < certificate.length; at += 23) {
      const chain = device.chain.with(depth, flipped(certificate, at));
      if ((await refusal(evidenceOf({ ...device, chain }))) === null) accepted.push(at);
    }
    expect(accepted).toEqual([]);
  });
});
