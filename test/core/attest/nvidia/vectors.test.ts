import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readRim } from '../../../../client/reference-values/rim/rim.ts';
import { RIM_ROOTS } from '../../../../client/reference-values/rim/roots.ts';
import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { appraiseNvidia } from '../../../../src/core/attest/nvidia/appraise.ts';
import type { SpdmEvidence } from '../../../../src/core/attest/nvidia/evidence.ts';
import type { GoldenValue, NvidiaReferenceValues } from '../../../../src/core/attest/nvidia/reference-values.ts';
import { isNvidiaVendorRoot, NVIDIA_VENDOR_ROOTS } from '../../../../src/core/attest/nvidia/roots.ts';
import { parseSpdm } from '../../../../src/core/attest/nvidia/spdm.ts';
import { fromBase64, fromHex, fromUtf8, toBase64url, toHex } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import { derOfPem } from '../../../../src/core/x509/pem.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { TEST_ROOT } from '../../../platforms/nvidia.ts';
import { vectorPath, vectorTest } from '../../../vectors.ts';

/** The expectations are those of the vectors' SOURCES.md, "nvidia/" and "combined/". */

const INSTANT = Date.UTC(2026, 6, 1);
const vector = (...path: string[]) => readFileSync(vectorPath(...path));
/** Files that are reserved for others are skipped where they are absent. */
const testOf = (...path: string[]) => (existsSync(vectorPath(...path)) ? vectorTest : test.skip);
const chainOf = (pem: string) => derOfPem(pem, 'CERTIFICATE').map(toBase64url);

function evidenceOfFiles(spdm: string, chain = spdm): SpdmEvidence {
  const device = {
    spdm: toBase64url(vector('nvidia', `${spdm}.spdm.bin`)),
    chain: chainOf(vector('nvidia', `${chain}.chain.pem`).toString()),
  };
  return { kind: 'spdm', devices: [device] };
}

interface Collected {
  readonly certificate: string;
  readonly evidence: string;
  readonly nonce: string;
}

/** Evidence as NVIDIA's collector writes it: base64 of the message, and of the chain in PEM. */
function evidenceOfCollected(collected: readonly Collected[]): SpdmEvidence {
  const devices = collected.map(({ certificate, evidence }) => ({
    spdm: toBase64url(fromBase64(evidence)),
    chain: chainOf(fromUtf8(fromBase64(certificate))),
  }));
  return { kind: 'spdm', devices };
}

const collectedIn = (file: string): Collected[] => JSON.parse(vector('nvidia', file).toString());

function appraise(report: SpdmEvidence, nonce: string | null, referenceValues: NvidiaReferenceValues | null = null) {
  const expectedData = nonce === null ? null : fromHex(nonce);
  const rest = { endorsements: NO_ENDORSEMENTS, verify: verifyNode, instantMs: INSTANT };
  return appraiseNvidia({ report, expectedData, referenceValues, allowedSwitches: null, ...rest });
}

async function broken(...given: Parameters<typeof appraise>): Promise<string[]> {
  return (await appraise(...given)).rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
}

/** Driver, VBIOS, project, project SKU, chip SKU, NVDEC0, protected PCIe, feature flag. */
const DEVICES = [
  {
    file: 'h100-550.90.07',
    sha256: 'c438e7e714c05a9b6734ac33d7024f4732ba23ca08894424e9e755853c0f8618',
    nonce: '931d8dd0add203ac3d8b4fbde75e115278eefcdceac5b87671a748f32364dfcb',
    response: 'b4b8a06aaaa35542839388e159d447a5d6f6194998fd86513e2d591ccf640985',
    says: ['550.90.07', '96.00.9F.00.01', '1010', '0200', '882', '55', '55', 'absent'],
    fwid: 'f5c384aebb579217a2c66b17ed0f28e6a9b8d639041acd7b4721cec004f7275494ba94bb5cdfdb3055ee051762b1f75d',
    leaf: '53c22ba15e5d68088282da074ed9fb37aa585771',
    measurements: 'd2e0f10327ad8d1a9811653fcb998095c5e41400b7ef17646bd1a0c78e496c34',
    layout: [64, 4021, 0],
  },
  {
    file: 'h100-535.86.09',
    sha256: '30cddcd0b0cd5925dbf0166c0af63e3813845a1e32a13da6c515b712e0c94283',
    nonce: '27a328247bf7935c993341cf587be6f05986ccce4fe7ba2c54100bd616a58f66',
    response: '08f2fd1f8bb769d087f6b0de1b389594e6cd2415c2f92cf4894fd617d8ddd7e6',
    says: ['535.86.09', '96.00.5E.00.01', '1010', '0200', '882', '55', 'absent', 'absent'],
    fwid: 'absent',
    leaf: '455472bb690155accc29161a19c7fe6144a8ed92',
    measurements: 'f133b025b921f923cfec423f684328a0d1638cc028c99ed2728eca254e934971',
    layout: [64, 3956, 0],
  },
  {
    file: 'h100-570.124.03',
    sha256: '07ac943593fc66eb4ae6af2887b663ca38ad92b92edb389e5dfb586f5922645f',
    nonce: '931d8dd0add203ac3d8b4fbde75e115278eefcdceac5b87671a748f32364dfcb',
    response: 'ef1753b3d65b5683fb4424bda37700227fe8994f8bbdadf207df127e164aa60a',
    says: ['570.124.03', '96.00.5E.00.04', '1010', '0205', '862', '55', '55', 'absent'],
    fwid: 'e9960d6a289c80281e29b85287ca5ec342297589d2f5a95aef82cf3fd2520f3370756e5d63633c2b2c9c1f10e7775033',
    leaf: '59dd857ac4d71cb0b64e3d3bd133756f97e394dd',
    measurements: '8b8f7f097ad66afa4f20e3d4fc9051bd5240457ad396c449108e4e84aedbc7e1',
    layout: [64, 4022, 0],
  },
  {
    file: 'h100-580.95.05-trailing-byte',
    sha256: 'd414ec6b6ec1fa0ec05747d22fb4b327b1ce3b41dfcd3b622e5cabc32361eaeb',
    nonce: '87d8e24ab336adafe228d49e83d745f6dba4ae505372b6a5704820856b343fec',
    response: '5887c461f8a80001b835a867a28dda5c264b2228169b4e7be77997208ab8e783',
    says: ['580.95.05', '96.00.74.00.1A', '1010', '0200', '882', '55', '55', '0000'],
    fwid: 'f1ae7d0093a3f5689cced58045c9744f94eb2aa4ddca88135197fb41a7be45576c2881cf920e2cbcc090b1cb921f7b2d',
    leaf: '7bc23e44c689a774f1c5ec86e2c7b2544ffa8989',
    measurements: '93774c5f5e41cb284dc08c6953ee3ebf5642aa9a91869c10ef013e3163536884',
    layout: [64, 4033, 1],
  },
  {
    file: 'b100-575.32',
    sha256: '5fec340fd11c818ef1418c77992878a3e8354c7cf453579705b1ba018a9a6a99',
    nonce: '931d8dd0add203ac3d8b4fbde75e115278eefcdceac5b87671a748f32364dfcb',
    response: '53f8bcd3ab32ddfaf9b853658e92599b20059e3baf906c986ebb09b19c71c22c',
    says: ['575.32', '97.00.88.00.0F', 'G525', '0220', '886', '55', 'absent', 'absent'],
    fwid: 'd090cab1b6e6ffddca83d1781e25b3f040fa1f3c7608230cb5f41b1c1b99f5f748349e59d0ef8eb830c9bc79ccf77502',
    leaf: '530d7c3cbc31b7645ccfc78b123963978e709059',
    measurements: '06c8785cedf13632647524984a94fa6e335657bfd104683137c9e1e7d8826e69',
    layout: [64, 4025, 0],
  },
  {
    file: 'ls10-switch',
    sha256: '352fc991e8d201f452a6fb571b4db2bc26dbd1f5241ac62934e36ee654cf5dc4',
    nonce: '931d8dd0add203ac3d8b4fbde75e115278eefcdceac5b87671a748f32364dfcb',
    response: 'f637f42290f5119391c51d861f6257bb1f151b2400dcc4701c23aa0cad6a5567',
    // SOURCES.md has 31.2E.36.39.30: the first bytes of this text, read as the number that a GPU writes there.
    says: ['absent', '96.10.55.00.01', 'absent', 'absent', 'absent', 'absent', 'absent', 'absent'],
    fwid: 'absent',
    leaf: '79b9ca4c9b3e25c1015f3ddbfa80ace2d70c6eec',
    measurements: '5ff9ee659798656e6170042db0a6bbc8a1570c0c9acc7d72babbafc9644725b0',
    layout: [31, 2072, 0],
  },
] as const;

interface Expected {
  readonly says: readonly string[];
  readonly fwid: string;
  readonly leaf: string;
  readonly measurements: string;
  readonly nonce: string;
}

function claimsOf(place: string, { says, fwid, leaf, measurements, nonce }: Expected): object {
  const [driver, vbios, project, projectSku, chipSku, nvdec0, ppcie, flag] = says;
  const claims = { driver, vbios, project, 'project-sku': projectSku, 'chip-sku': chipSku, nvdec0, ppcie };
  const all = { ...claims, 'feature-flag': flag, fwid, leaf, measurements, nonce };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [`nvidia.${place}.${name}`, value]));
}

describe.each(DEVICES)('$file', (expected) => {
  const { file, sha256, response, layout, nonce } = expected;
  const place = file === 'ls10-switch' ? 'switch-0' : 'gpu-0';

  testOf('nvidia', `${file}.spdm.bin`)('is authentic, and says what it should', async () => {
    expect(digestOf(vector('nvidia', `${file}.spdm.bin`))).toBe(sha256);
    const { claims, rules, label } = await appraise(evidenceOfFiles(file), nonce);
    expect(rules.filter(({ pass }) => !pass)).toEqual([]);
    expect(claims).toMatchObject(claimsOf(place, expected));
    expect(label).toBe(`gpu-${expected.leaf.slice(0, 16)}`);
  });

  testOf('nvidia', `${file}.spdm.bin`)('has the layout that it should', () => {
    const report = parseSpdm(vector('nvidia', `${file}.spdm.bin`));
    expect([report.measurements.size, report.signed.length, report.trailingBytes]).toEqual(layout);
    expect(toHex(report.responseNonce)).toBe(response);
  });

  testOf('nvidia', `${file}.spdm.bin`)('is refused where it is cut short', () => {
    const bytes = vector('nvidia', `${file}.spdm.bin`);
    for (let length = 0; length < bytes.length - layout[2]; length++) {
      expect(() => parseSpdm(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: 'malformed' }));
    }
  });
});

describe('evidence that must be refused', () => {
  vectorTest('of another device than the chain’s has no valid signature', async () => {
    expect(await broken(evidenceOfFiles('bad-signature', 'h100-535.86.09'), null)).toEqual([
      'nvidia.gpu-0.signature',
      'nvidia.gpu-0.fwid',
    ]);
  });

  vectorTest('for another nonce', async () => {
    expect(await broken(evidenceOfFiles('h100-535.86.09'), '00'.repeat(32))).toEqual(['nvidia.gpu-0.nonce']);
  });

  vectorTest('without FWID, where reference values insist on it', async () => {
    const values = await valuesOf('vbios-96.00.5E.00.01.xml');
    const strict = { ...values, fwidOptional: [] };
    expect(await broken(evidenceOfFiles('h100-535.86.09'), null, strict)).toEqual(['nvidia.gpu-0.fwid']);
  });

  vectorTest('with any byte flipped, but the one after the signature', async () => {
    const report = evidenceOfFiles('h100-580.95.05-trailing-byte');
    const [device] = report.devices as [SpdmEvidence['devices'][number]];
    const bytes = vector('nvidia', 'h100-580.95.05-trailing-byte.spdm.bin');
    const accepted: number[] = [];
    // Of what is signed, one byte in 97; the signature and the byte after it whole.
    for (let at = 0; at < bytes.length; at += at < 4033 ? 97 : 1) {
      const spdm = toBase64url(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)));
      const failed = await broken({ ...report, devices: [{ ...device, spdm }] }, null).catch(() => ['malformed']);
      if (failed.length === 0) accepted.push(at);
    }
    expect(accepted).toEqual([bytes.length - 1]);
  });
});

describe('evidence as collected', () => {
  vectorTest('of a device whose certificate is on hold is authentic: no offline check sees that', async () => {
    const collected = collectedIn('h100-cert-hold.evidence.json');
    const nonce = collected[0]?.nonce ?? '';
    const { claims, rules } = await appraise(evidenceOfCollected(collected), nonce);
    expect(rules.filter(({ pass }) => !pass)).toEqual([]);
    // Which is what the list of devices, and revoking a device, are for.
    expect(claims['nvidia.gpu-0.device']).toMatch(/^41[0-9a-f]{16}$/);
  });

  vectorTest('of four GPUs in protected-PCIe mode is authentic, of four devices', async () => {
    const collected = collectedIn('h100x4-ppcie.evidence.json');
    const { claims, rules } = await appraise(evidenceOfCollected(collected), collected[0]?.nonce ?? '');
    expect(rules.filter(({ pass }) => !pass)).toEqual([]);
    expect(claims).toMatchObject({ 'gpu.count': '4', 'gpu.switches': '0' });
    for (const place of [0, 1, 2, 3]) {
      expect(claims).toMatchObject({
        [`nvidia.gpu-${place}.ppcie`]: 'aa',
        [`nvidia.gpu-${place}.feature-flag`]: '0200',
        [`nvidia.gpu-${place}.driver`]: '590.12',
      });
    }
    expect(new Set([0, 1, 2, 3].map((place) => claims[`nvidia.gpu-${place}.leaf`])).size).toBe(4);
  });

  vectorTest('of four GPUs, of which one is shown again, is refused', async () => {
    const { kind, devices } = evidenceOfCollected(collectedIn('h100x4-ppcie.evidence.json'));
    const [first, second, third] = devices as [...SpdmEvidence['devices']];
    const report = { kind, devices: [first, second, third, first] } as SpdmEvidence;
    expect(await broken(report, null)).toEqual(['nvidia.distinct']);
  });

  vectorTest('with a CPU quote is authentic, and answers the same nonce', async () => {
    const document = JSON.parse(vector('combined', 'tdx-h100.attestation.json').toString());
    const [collected] = document.gpu.evidences as [Collected];
    const nonce = '080c405ce6789e1761445180029523df3ae49576043f7f0868413a38e5e9a84e';
    const bytes = fromBase64(collected.evidence);
    expect(digestOf(bytes)).toBe('5211b4eceb09ba085b286648c7418c1bb247f251521d0ef37486cbde6f6714c5');
    const report = parseSpdm(bytes);
    expect([report.measurements.size, report.signed.length, report.trailingBytes]).toEqual([64, 4033, 0]);
    expect(toHex(report.responseNonce)).toBe('ce1c02c06d933224983200f8c3e63e045bf3f701c37470754533576fef53c0fa');
    const { claims, rules } = await appraise(evidenceOfCollected([collected]), nonce);
    expect(rules.filter(({ pass }) => !pass)).toEqual([]);
    const expected = {
      says: ['595.71.05', '96.00.D9.00.02', 'G520', '0280', '895', '55', '55', '0000'],
      fwid: '209ce00c4ecf887aece9af9e2b0cc975a204f6bf4bf9125c976098d85a4ecc03c65ea34294a723dc1b069efdfb9836e4',
      leaf: '7110d9a459f4b405f4e7b876b4a9b8ea738af99e',
      measurements: '8bbfcf2c640d005a02eef8fd72985feadf49d509801ba3efc3ef2300da64b5ae',
      nonce,
    };
    expect(claims).toMatchObject(claimsOf('gpu-0', expected));
  });
});

async function goldenOf(rim: string, instantMs: number): Promise<readonly GoldenValue[]> {
  return (await readRim(vector('nvidia', 'rim', rim), { roots: RIM_ROOTS, instantMs })).golden;
}

/** Reference values that h100-535.86.09 meets, with golden values of its VBIOS. */
async function valuesOf(rim: string, instantMs = Date.UTC(2024, 5, 1)): Promise<NvidiaReferenceValues> {
  const names = { project: '1010', projectSku: '0200', chipSku: '882' };
  return {
    platform: 'nvidia',
    roots: NVIDIA_VENDOR_ROOTS.map(toBase64url),
    architectures: ['hopper'],
    fwidOptional: ['hopper'],
    drivers: [{ chip: 'GH100', version: '535.86.09', golden: null }],
    vbioses: [{ chip: 'GH100', version: '96.00.5E.00.01', ...names, golden: [...(await goldenOf(rim, instantMs))] }],
    ppcie: ['absent'],
    featureFlags: ['absent'],
    devices: ['416a5fafcbd9fa5ca3'],
  };
}

describe('golden values', () => {
  const measured = async (report: SpdmEvidence, values: NvidiaReferenceValues) =>
    (await appraise(report, null, values)).rules.find(({ rule }) => rule === 'nvidia.gpu-0.measurements');

  vectorTest('of the VBIOS that a GPU runs all match', async () => {
    const values = await valuesOf('vbios-96.00.5E.00.01.xml');
    const report = evidenceOfFiles('h100-535.86.09');
    expect(await broken(report, null, values)).toEqual([]);
    expect(await measured(report, values)).toMatchObject({ expected: '12 golden values', got: '12 match' });
  });

  vectorTest('of another revision differ at index 9', async () => {
    const values = await valuesOf('vbios-96.00.5E.00.01-othervalues.xml');
    const report = evidenceOfFiles('h100-535.86.09');
    expect(await broken(report, null, values)).toEqual(['nvidia.gpu-0.measurements']);
    expect(await measured(report, values)).toMatchObject({ got: 'differs at 9 (the CC mode is part of it)' });
  });

  testOf('nvidia', 'h100-550.90.07.spdm.bin')('of another driver differ where they should', async () => {
    const golden = await goldenOf('driver-550.144.03.xml', Date.UTC(2025, 2, 1));
    const { measurements } = parseSpdm(vector('nvidia', 'h100-550.90.07.spdm.bin'));
    const differing = golden.filter(
      ({ index, values }) => !values.includes(toHex(measurements.get(index + 1) ?? NONE)),
    );
    expect(golden.length).toBe(21);
    expect(differing.map(({ index }) => index)).toEqual([7, 22, 31, 39, 40]);
  });
});

const NONE = new Uint8Array();

describe('roots', () => {
  vectorTest('are those that the vendor publishes', () => {
    const [published] = derOfPem(vector('nvidia', 'ca-device-root.pem').toString(), 'CERTIFICATE');
    expect(NVIDIA_VENDOR_ROOTS.map(toHex)).toEqual([toHex(published ?? NONE)]);
    expect(isNvidiaVendorRoot(published ?? NONE)).toBe(true);
  });

  test('of tests are not the vendor’s', () => {
    expect(isNvidiaVendorRoot(TEST_ROOT)).toBe(false);
  });
});
