import { describe, expect, test } from 'vitest';
import { NITRO_CLAIMS } from '../../../../src/core/attest/nitro/claims.ts';
import type { NitroReport } from '../../../../src/core/attest/nitro/report.ts';
import { fromBase64url, toBase64url, toHex } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import {
  NITRO_DATA,
  NITRO_MODULE,
  NITRO_ROOT,
  nitroChain,
  nitroDocument,
  nitroPcrs,
  nitroReport,
  nitroReportOf,
  nitroValues,
} from '../../../platforms/nitro.ts';
import { basicConstraints, extension, keyUsage, testKey, utcTime } from '../../x509/certificate-kit.ts';
import { broken, reach } from './reach.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const OTHER = 'ab'.repeat(48);
const HOUR_MS = 3_600_000;

describe('a genuine document', () => {
  test('passes every rule, and says what was measured', async () => {
    const { label, claims, rules } = await reach(nitroReport());
    expect(rules.map(({ rule, pass }) => [rule, pass])).toEqual([
      ['nitro.signature', true],
      ['nitro.chain', true],
      ['nitro.user-data', true],
      ['nitro.image', true],
    ]);
    expect(label).toBe(`nitro-${NITRO_MODULE}`);
    expect(claims).toMatchObject({
      'nitro.module-id': NITRO_MODULE,
      'nitro.user-data': toHex(NITRO_DATA),
      'nitro.nonce': 'absent',
      'nitro.public-key': 'absent',
      'nitro.pcr-17': 'ff'.repeat(48),
      'nitro.certificate': digestOf(nitroChain().certificate),
      'nitro.root': digestOf(NITRO_ROOT),
    });
  });

  test('claims nothing that could not be revoked', async () => {
    const { claims } = await reach(nitroReport());
    for (const [name, value] of Object.entries(claims))
      expect([name, NITRO_CLAIMS[name]?.allows(value)]).toEqual([name, true]);
    expect(Object.keys(NITRO_CLAIMS).sort()).toEqual(Object.keys(claims).sort());
  });

  test('says what the image leaves open', async () => {
    const { rules } = await reach(nitroReport());
    const open = nitroPcrs().flatMap(({ index }) => (index === 4 || index === 7 ? [] : [index]));
    const got = `ocr-host 1.3; not compared: PCR ${open.join(' ')}`;
    expect(rules).toContainEqual({ rule: 'nitro.image', expected: 'ocr-host 1.3', got, pass: true });
  });

  test('is genuine alone without reference values, under the root of AWS and no other', async () => {
    const got = await broken(nitroReport(), { values: null, expectedData: null });
    expect(Object.keys(got)).toEqual(['nitro.chain']);
    expect(got['nitro.chain']).toMatch(/^certificate_untrusted: /);
  });
});

describe('nitro.signature', () => {
  test('refuses what another key signed', async () => {
    const document = nitroDocument({ signer: testKey('ES384', 0x95) });
    expect(await broken(nitroReportOf(document))).toEqual({ 'nitro.signature': 'signature_invalid' });
  });

  test('refuses a certificate of another curve', async () => {
    const other = testKey('ES256', 0x96);
    const report = nitroReport({}, { leaf: { key: other } });
    expect(await broken(report)).toEqual({ 'nitro.signature': 'unsupported_algorithm' });
  });
});

describe('nitro.chain', () => {
  const chainOf = async (report: NitroReport, measure = {}) => {
    const got = await broken(report, measure);
    expect(Object.keys(got)).toEqual(['nitro.chain']);
    return got['nitro.chain'];
  };

  test('refuses another root, though the document carries it', async () => {
    const values = nitroValues({ roots: [toBase64url(nitroChain().cabundle[1] ?? NITRO_ROOT)] });
    expect(await broken(nitroReport(), { values })).toEqual({});
    expect(await chainOf(nitroReport(), { values: nitroValues({ roots: [] }) })).toMatch(/^certificate_untrusted: /);
  });

  test('refuses a certificate before and after its three hours', async () => {
    const at = (hours: number) => Date.UTC(2026, 0, 15, 10) + hours * HOUR_MS;
    expect(await broken(nitroReport(), { instantMs: at(0) })).toEqual({});
    expect(await broken(nitroReport(), { instantMs: at(3) })).toEqual({});
    expect(await chainOf(nitroReport(), { instantMs: at(0) - 1 })).toMatch(/^certificate_not_yet_valid: /);
    expect(await chainOf(nitroReport(), { instantMs: at(3) + 1 })).toMatch(/^certificate_expired: /);
  });

  test('refuses an expired certificate, though another one of the chain is valid', async () => {
    const leaf = { notBefore: utcTime('250101000000Z'), notAfter: utcTime('250102000000Z') };
    expect(await chainOf(nitroReport({}, { leaf }))).toMatch(/^certificate_expired: /);
  });

  test('refuses issuers in another order, or that lack one', async () => {
    const { cabundle } = nitroChain();
    expect(await chainOf(nitroReport({ cabundle: cabundle.toReversed() }))).toMatch(/^certificate_untrusted: /);
    expect(await chainOf(nitroReport({ cabundle: cabundle.toSpliced(2, 1) }))).toMatch(/^certificate_untrusted: /);
    expect(await broken(nitroReport({ cabundle: cabundle.slice(1) }))).toEqual({});
  });

  test('refuses a leaf that is an authority', async () => {
    const leaf = { extensions: [basicConstraints(true), keyUsage(0, 5)] };
    expect(await chainOf(nitroReport({}, { leaf }))).toMatch(/^certificate_usage: /);
  });

  test('refuses a leaf that may not sign, or does not say so', async () => {
    for (const extensions of [[basicConstraints(false), keyUsage(1)], [basicConstraints(false)]]) {
      expect(await chainOf(nitroReport({}, { leaf: { extensions } }))).toMatch(/^certificate_usage: /);
    }
  });

  test('refuses a critical extension that no rule knows', async () => {
    const unknown = extension('1.2.3.4', new Uint8Array(0), true);
    const extensions = [basicConstraints(false), keyUsage(0), unknown];
    expect(await chainOf(nitroReport({}, { leaf: { extensions } }))).toMatch(/^certificate_usage: /);
  });

  test('refuses a leaf that another key than the instance signed', async () => {
    const leaf = { signer: testKey('ES384', 0x97) };
    expect(await chainOf(nitroReport({}, { leaf }))).toMatch(/^signature_invalid: /);
  });

  test('refuses a longer path than an authority allows', async () => {
    const { cabundle, certificate } = nitroChain();
    const [root, region, zone] = cabundle;
    // The zone's authority, which allows one below it, under a certificate of the instance in place of a leaf.
    const report = nitroReport({
      certificate: cabundle[3] ?? certificate,
      cabundle: [root, region, zone] as Uint8Array[],
    });
    expect((await broken(report))['nitro.chain']).toMatch(/^certificate_usage: /);
  });

  test('throws for certificates that cannot be parsed', async () => {
    const { cabundle } = nitroChain();
    await expect(reach(nitroReport({ certificate: new Uint8Array(100) }))).rejects.toThrow(code('malformed'));
    const junk = nitroReport({ cabundle: [new Uint8Array(9), ...cabundle.slice(1)] });
    await expect(reach(junk)).rejects.toThrow(code('malformed'));
    const ed25519 = nitroReport({}, { leaf: { key: testKey('Ed25519', 1) } });
    await expect(reach(ed25519)).rejects.toThrow(code('malformed'));
  });
});

describe('nitro.user-data', () => {
  test.each([
    ['other data', NITRO_DATA.with(63, 8)],
    ['the data cut short', NITRO_DATA.subarray(0, 63)],
    ['no data', null],
    ['empty data', new Uint8Array(0)],
  ])('refuses %s', async (_, data) => {
    const got = data === null ? 'absent' : toHex(data);
    expect(await broken(nitroReport({ user_data: data }))).toEqual({ 'nitro.user-data': got });
  });

  test('refuses the data in the place of the nonce or of the public key', async () => {
    for (const changes of [{ nonce: NITRO_DATA }, { public_key: NITRO_DATA }]) {
      expect(await broken(nitroReport({ user_data: null, ...changes }))).toEqual({ 'nitro.user-data': 'absent' });
    }
  });
});

describe('nitro.image', () => {
  const image = (name: string, ...indices: number[]) => ({
    name,
    pcrs: nitroPcrs().filter(({ index }) => indices.includes(index)),
  });

  test('refuses every document where policy lists no image', async () => {
    expect(await broken(nitroReport(), { values: nitroValues({ images: [] }) })).toEqual({ 'nitro.image': 'none' });
  });

  test('refuses the PCRs of two images that are not one', async () => {
    const changed = (at: number) => {
      const one = image(`image ${at}`, 4, 7);
      return { ...one, pcrs: one.pcrs.map((pcr) => (pcr.index === at ? { ...pcr, value: OTHER } : pcr)) };
    };
    const got = { 'nitro.image': 'none; nearest image 4 differs in PCR 4' };
    expect(await broken(nitroReport(), { values: nitroValues({ images: [changed(4), changed(7)] }) })).toEqual(got);
  });

  test('refuses a document that lacks a PCR of the image', async () => {
    const pcrs = new Map(image('', 4).pcrs.map(({ index }) => [index, new Uint8Array(48)] as const));
    const { 'nitro.image': got } = await broken(nitroReport({ nitrotpm_pcrs: pcrs }));
    expect(got).toBe('none; nearest ocr-host 1.3 differs in PCR 4 7; not quoted: PCR 7');
  });
});

describe('nitro.module', () => {
  test('refuses another instance than those that policy lists, and all where it lists none', async () => {
    const listed = nitroValues({ modules: ['i-9-tpm0', NITRO_MODULE] });
    expect(await broken(nitroReport(), { values: listed })).toEqual({});
    for (const modules of [['i-9-tpm0'], []]) {
      expect(await broken(nitroReport(), { values: nitroValues({ modules }) })).toEqual({
        'nitro.module': NITRO_MODULE,
      });
    }
  });
});

test('a document is refused with one byte of every hundred flipped', async () => {
  const bytes = fromBase64url(nitroReport().document);
  for (let at = 0; at < bytes.length; at += 100) {
    const report = nitroReportOf(bytes.with(at, (bytes[at] ?? 0) ^ (1 << (at % 8))));
    const failed = await broken(report).catch((error: unknown) => {
      expect(error).toMatchObject({ code: expect.any(String) });
      return { thrown: '' };
    });
    expect([at, failed]).not.toEqual([at, {}]);
  }
});
