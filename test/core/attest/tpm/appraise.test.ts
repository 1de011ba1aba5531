import { describe, expect, test } from 'vitest';
import { TPM_CLAIMS } from '../../../../src/core/attest/tpm/claims.ts';
import type { TpmReport } from '../../../../src/core/attest/tpm/report.ts';
import { fromBase64url, fromHex, toBase64url, toHex } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import {
  AK_ATTRIBUTES,
  type AkScheme,
  activatedIdentity,
  akAuthority,
  akCertificate,
  akName,
  akOf,
  certificateIdentity,
  EXTRA_DATA,
  imageOf,
  PCRS,
  PCRS_384,
  publicArea,
  tpmReferenceValues,
  tpmReport,
} from '../../../platforms/tpm.ts';
import { broken, reach } from './reach.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const SCHEMES: readonly AkScheme[] = ['ECDSA', 'ECDSA-P384', 'RSASSA', 'RSAPSS'];

describe('a quote of a certified key', () => {
  test.each(SCHEMES)('passes every rule, signed by %s', async (scheme) => {
    const { label, rules } = await reach(tpmReport({ scheme }));
    expect(rules.filter(({ pass }) => !pass)).toEqual([]);
    expect(rules.map(({ rule }) => rule)).toEqual([
      'tpm.signature',
      'tpm.key-certified',
      'tpm.key-attributes',
      'tpm.extra-data',
      'tpm.selection',
      'tpm.pcr-digest',
      'tpm.image',
      'tpm.alone',
    ]);
    expect(label).toBe(`tpm-${akName(publicArea(scheme)).slice(4, 20)}`);
  });

  test('claims what it measures, under names that reference values may revoke', async () => {
    const { claims } = await reach(tpmReport());
    expect(claims).toMatchObject({
      'tpm.ak-name': akName(publicArea('ECDSA')),
      'tpm.ak-attributes': 'fixedTPM fixedParent sensitiveDataOrigin userWithAuth restricted sign',
      'tpm.ak-certificate': digestOf(akCertificate(akOf('ECDSA'))),
      'tpm.ak-anchor': digestOf(akAuthority()),
      'tpm.clock': '2789',
      'tpm.reset-count': '2',
      'tpm.restart-count': '0',
      'tpm.safe': 'true',
      'tpm.firmware': '2019102300163636',
      'tpm.extra-data': toHex(EXTRA_DATA),
      'tpm.pcr-7': PCRS[7]?.value,
    });
    expect(Object.keys(claims).filter((name) => !(name in TPM_CLAIMS))).toEqual([]);
  });

  test('is refused for a signature of another key', async () => {
    expect(await broken(tpmReport({ key: akOf('ECDSA', 0x62) }))).toEqual({ 'tpm.signature': 'signature_invalid' });
  });

  test('is refused for a signature by an algorithm that its key has not', async () => {
    const report = tpmReport({ scheme: 'RSASSA', identity: certificateIdentity('ECDSA') });
    expect(await broken(report)).toEqual({ 'tpm.signature': 'unsupported_algorithm' });
  });

  test('passes with the longest RSAPSS salt that fits, which TPMs take outside FIPS mode', async () => {
    // RFC 8017 section 9.1.1: 256 bytes of modulus, less the hash and 2.
    for (const [hash, hashBytes] of [
      [0x000b, 32],
      [0x000c, 48],
    ] as const) {
      expect(await broken(tpmReport({ scheme: 'RSAPSS', hash, saltBytes: 256 - hashBytes - 2 }))).toEqual({});
    }
  });

  test.each([0, 20, 33, 221])('is refused for an RSAPSS salt of %i bytes', async (saltBytes) => {
    const report = tpmReport({ scheme: 'RSAPSS', saltBytes });
    expect(await broken(report)).toEqual({ 'tpm.signature': 'signature_invalid' });
  });

  test.each(['ECDSA-P384', 'RSASSA', 'RSAPSS'] as const)('passes signed by %s with SHA-384', async (scheme) => {
    expect(await broken(tpmReport({ scheme, hash: 0x000c, saltBytes: 48 }))).toEqual({});
  });

  test('is refused for a curve with the hash of another, which no TPM makes', async () => {
    expect(await broken(tpmReport({ scheme: 'ECDSA', hash: 0x000c }))).toEqual({
      'tpm.signature': 'unsupported_algorithm',
    });
    await expect(reach(tpmReport({ scheme: 'ECDSA-P384', hash: 0x000b }))).rejects.toThrow(code('malformed'));
  });

  test.each(SCHEMES)('passes over the SHA-384 bank, signed by %s', async (scheme) => {
    const images = [imageOf('ocr-host 1.3', [4, 7], PCRS_384)];
    const report = tpmReport({ scheme, pcrs: PCRS_384 });
    expect(await broken(report, { values: tpmReferenceValues({ images }) })).toEqual({});
    expect((await reach(report)).claims['tpm.pcr-7']).toBe(PCRS_384[7]?.value);
    // An image of the other bank is another image.
    expect(Object.keys(await broken(report))).toEqual(['tpm.image']);
  });

  test('throws unsupported_algorithm for SHA-1 and SHA-512', async () => {
    for (const [scheme, hash] of SCHEMES.flatMap((one) => [0x0004, 0x000d].map((id) => [one, id] as const))) {
      await expect(reach(tpmReport({ scheme, hash }))).rejects.toThrow(code('unsupported_algorithm'));
    }
  });

  test('shows tpm.safe and the clock, and refuses no TPM for them', async () => {
    const report = tpmReport({ safe: 0 });
    expect(await broken(report)).toEqual({});
    expect((await reach(report)).claims['tpm.safe']).toBe('false');
  });

  test('is refused by tpm.key-attributes unless restricted, sign and fixedTPM, and not decrypt', async () => {
    for (const flipped of [1 << 1, 1 << 16, 1 << 17, 1 << 18]) {
      const area = publicArea('ECDSA', { attributes: AK_ATTRIBUTES ^ flipped });
      const chain = [toBase64url(akCertificate(akOf('ECDSA')))];
      const report = tpmReport({ identity: { kind: 'certificate', key: toBase64url(area), chain } });
      expect(Object.keys(await broken(report))).toEqual(['tpm.key-attributes']);
    }
  });

  test('says that attributes which nothing but the host vouches for are its word', async () => {
    const got = async (report: TpmReport, values = tpmReferenceValues()) =>
      (await reach(report, { values })).rules.find(({ rule }) => rule === 'tpm.key-attributes')?.got;
    const attributes = 'fixedTPM fixedParent sensitiveDataOrigin userWithAuth restricted sign';
    const word = ', as the host says; its certificate vouches for the key alone';
    expect(await got(tpmReport())).toBe(attributes + word);
    // Under the same certificate, with any attributes.
    const none = { ...certificateIdentity('ECDSA'), key: toBase64url(publicArea('ECDSA', { attributes: 0 })) };
    expect(await got(tpmReport({ identity: none }))).toBe(`none${word}`);
    // The name that custodians activated is a hash of the attributes too.
    const identity = activatedIdentity('ECDSA');
    const activated = [akName(fromBase64url(identity.key))];
    expect(await got(tpmReport({ identity }), tpmReferenceValues({ activated }))).toBe(attributes);
  });

  test('is refused for firmware that policy does not list', async () => {
    const values = tpmReferenceValues({ firmware: ['2019102300163637'] });
    expect(await broken(tpmReport(), { values })).toEqual({ 'tpm.firmware': '2019102300163636' });
    expect(await broken(tpmReport({ firmware: '2019102300163637' }), { values })).toEqual({});
  });

  test('is refused where policy asks for hardware too', async () => {
    expect(await broken(tpmReport(), { values: tpmReferenceValues({ alone: false }) })).toEqual({
      'tpm.alone': 'a TPM alone',
    });
  });
});

describe('extraData', () => {
  const rule = 'tpm.extra-data';

  test('is refused unless it is the whole of what is expected', async () => {
    for (const extraData of [new Uint8Array(), EXTRA_DATA.subarray(0, 31), Uint8Array.of(...EXTRA_DATA, 0)]) {
      expect(await broken(tpmReport({ extraData }))).toEqual({ [rule]: toHex(extraData) });
    }
  });

  test('is left out where nothing is expected', async () => {
    const { rules } = await reach(tpmReport(), { expectedData: null });
    expect(rules.map((one) => one.rule)).not.toContain(rule);
  });
});

describe('PCRs', () => {
  const [first, second, ...others] = PCRS as [TpmReport['pcrs'][number], TpmReport['pcrs'][number]];
  const sha256 = 0x000b;
  const indices = PCRS.map(({ index }) => index);

  test('are refused where one is left out of those that were signed', async () => {
    expect(Object.keys(await broken(tpmReport({ presented: PCRS.slice(1) })))).toEqual([
      'tpm.selection',
      'tpm.pcr-digest',
    ]);
  });

  test('are refused where others were signed, for every digest', async () => {
    const moved = PCRS.map((pcr) => (pcr.index === 10 ? { ...pcr, index: 11 } : pcr));
    expect(await broken(tpmReport({ presented: moved }))).toEqual({
      'tpm.selection': 'sha256:0,1,2,3,4,5,6,7,10',
    });
  });

  test('are refused in another order or twice', async () => {
    expect(await broken(tpmReport({ presented: [second, first, ...others] }))).toHaveProperty(['tpm.pcr-digest']);
    const selections = [{ hash: sha256, indices }];
    for (const pcrs of [
      [second, first, ...others],
      [first, ...PCRS],
    ]) {
      expect(Object.keys(await broken(tpmReport({ pcrs, selections })))).toEqual(['tpm.selection']);
    }
  });

  test('are refused of another bank, and of another bank too', async () => {
    const quoted = 'sha256:0,1,2,3,4,5,6,7,10';
    for (const [selections, got] of [
      [[{ hash: 0x0004, indices }], 'sha1:0,1,2,3,4,5,6,7,10'],
      [[{ hash: 0x0027, indices }], 'algorithm-0027:0,1,2,3,4,5,6,7,10'],
      [
        [
          { hash: sha256, indices },
          { hash: 0x0004, indices: [] },
        ],
        `${quoted} sha1:`,
      ],
      [
        [
          { hash: sha256, indices },
          { hash: sha256, indices: [] },
        ],
        `${quoted} sha256:`,
      ],
      [[], ''],
    ] as const) {
      expect(await broken(tpmReport({ selections }))).toEqual({ 'tpm.selection': got });
    }
  });

  test('are refused of the SHA-384 bank where the SHA-256 bank was signed, for every digest', async () => {
    const selections = [{ hash: sha256, indices }];
    expect(await broken(tpmReport({ pcrs: PCRS_384, selections }))).toMatchObject({
      'tpm.selection': 'sha256:0,1,2,3,4,5,6,7,10',
    });
  });

  test('are refused of another value than was signed', async () => {
    const presented = PCRS.map((pcr) => (pcr.index === 0 ? { ...pcr, value: '11'.repeat(32) } : pcr));
    expect(Object.keys(await broken(tpmReport({ presented })))).toEqual(['tpm.pcr-digest']);
  });
});

describe('every flipped bit', () => {
  const report = tpmReport();
  const refused = async (changed: TpmReport): Promise<boolean> => {
    try {
      return Object.keys(await broken(changed)).length > 0;
    } catch (error) {
      expect(error).toMatchObject({ code: expect.any(String) });
      return true;
    }
  };
  const flips = (text: string): string[] =>
    Array.from(fromBase64url(text), (byte, i) => {
      const bytes = fromBase64url(text);
      bytes[i] = byte ^ (1 << (i % 8));
      return toBase64url(bytes);
    });

  test('of the quote and of its signature is refused', async () => {
    for (const attest of flips(report.attest)) expect(await refused({ ...report, attest })).toBe(true);
    for (const signature of flips(report.signature)) expect(await refused({ ...report, signature })).toBe(true);
  });

  test('of the public area is refused where its key is named; what a certificate does not cover is not', async () => {
    const identity = activatedIdentity('ECDSA');
    const values = tpmReferenceValues({ activated: [akName(fromBase64url(identity.key))] });
    for (const key of flips(identity.key)) {
      const changed = { ...report, identity: { kind: 'activated' as const, key } };
      const failed = await broken(changed, { values }).catch(() => ({ thrown: '' }));
      expect(failed).not.toEqual({});
    }
  });

  test('of the certificate is refused', async () => {
    const identity = certificateIdentity('ECDSA');
    for (const leaf of flips(identity.chain[0] ?? '')) {
      expect(await refused({ ...report, identity: { ...identity, chain: [leaf] } })).toBe(true);
    }
  });

  test('of a PCR is refused', async () => {
    for (const [at, pcr] of PCRS.entries()) {
      const value = toHex(fromHex(pcr.value).map((byte, i) => (i === 5 ? byte ^ 1 : byte)));
      expect(await refused({ ...report, pcrs: PCRS.with(at, { ...pcr, value }) })).toBe(true);
    }
  });
});
