import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { instantOf, type SubjectFlags, subjectOf } from '../../../client/cli/subject-flags.ts';
import { fromBase64url, fromHex, toBase64, toHex, utf8 } from '../../../src/core/bytes.ts';
import { pem } from '../../core/x509/certificate-kit.ts';
import { collateralJson } from '../../endorse/collateral-file.ts';
import { evidenceOf, makeDevice, TEST_NONCE, type TestDevice } from '../../platforms/nvidia.ts';
import { snpCase } from '../../platforms/snp.ts';
import { makeTdx } from '../../platforms/tdx.ts';
import { trustAuthorityToken } from '../../platforms/token.ts';
import { tpmReport } from '../../platforms/tpm.ts';
import { kitFiles, writeKitFiles } from './kit-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'twinlock-flags-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);
const code = (name: string) => expect.objectContaining({ code: name });

const { report, endorsements } = snpCase();
writeFileSync(path('report.bin'), fromBase64url(report.report));
writeFileSync(path('vek.der'), fromBase64url(endorsements.snp?.vek ?? ''));
writeFileSync(path('ask.der'), fromBase64url(endorsements.snp?.ask ?? ''));
writeKitFiles(folder, kitFiles());
const SNP = { snpReport: path('report.bin'), vek: path('vek.der'), ca: path('ask.der') };

describe('flags that do not go together are refused', () => {
  const file = path('snp.json');

  test.each<[string, string | null, SubjectFlags]>([
    ['no evidence', null, {}],
    ['two reports', null, { ...SNP, tdxQuote: path('report.bin') }],
    ['a VEK without its issuer', null, { snpReport: SNP.snpReport, vek: SNP.vek }],
    ['a device without its chain', null, { spdm: [path('report.bin')] }],
    ['our file and what nvattest printed', file, { nvattest: [path('report.bin')] }],
    ['a quote of a TPM without its key', null, { tpmAttest: path('report.bin') }],
    ['the key of a TPM without its quote', null, { ...SNP, ak: path('report.bin') }],
    ['a paravisor’s data without its quote', null, { ...SNP, hcl: path('report.bin') }],
    ['a paravisor’s data and a report', null, { ...SNP, tpmAttest: path('report.bin'), hcl: path('report.bin') }],
    ['our file and a flag of another', file, { snpReport: SNP.snpReport }],
    ['our file, its endorsements and AMD’s chain', file, { endorsements: path('endorsements.json'), ca: SNP.ca }],
    ['our file and report data, which it has itself', file, { reportData: '00'.repeat(64) }],
    ['a nonce for our file of another length', file, { nonce: '00'.repeat(31) }],
    ['a nonce in capitals', null, { ...SNP, nonce: 'AB'.repeat(32) }],
    ['a nonce of no bytes', null, { ...SNP, nonce: '' }],
    ['report data of 63 bytes', null, { ...SNP, reportData: '00'.repeat(63) }],
    ['a nonce of 65 bytes', null, { ...SNP, nonce: '00'.repeat(65) }],
  ])('%s', async (_, named, flags) => {
    await expect(subjectOf(named, flags)).rejects.toThrow(code('usage'));
  });
});

describe('what nvattest printed', () => {
  const [gpu, nvswitch] = [makeDevice({ switches: [2] }), makeDevice({ architecture: 'nvswitch', seed: 2 })];
  const listed = ({ spdm, chain }: TestDevice) => ({
    ...{ version: '1.0', arch: 'HOPPER', nonce: toHex(TEST_NONCE), evidence: toBase64(spdm) },
    certificate: toBase64(utf8(chain.map((der) => pem('CERTIFICATE', der)).join(''))),
  });
  const printed = (name: string, json: unknown) => {
    writeFileSync(path(name), JSON.stringify(json));
    return path(name);
  };
  const gpus = printed('gpus.json', { evidences: [listed(gpu)], result_code: 0, result_message: 'Ok' });
  const nvswitches = printed('nvswitches.json', [listed(nvswitch)]);
  const nonce = toHex(TEST_NONCE);

  test('of GPUs and of NVSwitches is read by its flag, and beside the files of other tools', async () => {
    const { parts } = await subjectOf(null, { nvattest: [gpus, nvswitches], nonce });
    expect(parts.gpu).toEqual(evidenceOf(gpu, nvswitch));
    expect(parts.gpuNonce).toEqual(TEST_NONCE);
    const both = await subjectOf(null, { ...SNP, nvattest: [gpus] });
    expect([both.parts.report?.platform, both.parts.gpu]).toEqual(['snp', evidenceOf(gpu)]);
    writeFileSync(path('switch.spdm'), nvswitch.spdm);
    writeFileSync(path('switch.pem'), nvswitch.chain.map((der) => pem('CERTIFICATE', der)).join(''));
    const mixed = { spdm: [path('switch.spdm')], chain: [path('switch.pem')], nvattest: [gpus] };
    expect((await subjectOf(null, mixed)).parts.gpu).toEqual(evidenceOf(nvswitch, gpu));
  });

  test('is read as the file that is named, too', async () => {
    for (const [file, device] of [
      [gpus, gpu],
      [nvswitches, nvswitch],
    ] as const) {
      const { parts } = await subjectOf(file, { nonce });
      expect(parts).toEqual((await subjectOf(null, { nvattest: [file], nonce })).parts);
      expect(parts.gpu).toEqual(evidenceOf(device));
    }
  });

  test.each([
    ['a failure', { evidences: [listed(gpu)], result_code: 3 }],
    ['no device', { evidences: [], result_code: 0 }],
    ['a device without a chain', [{ evidence: 'AAAA' }]],
    ['more devices than a machine has', Array.from({ length: 25 }, () => listed(gpu))],
  ])('is refused where it has %s, by its name', async (_, json) => {
    const file = printed('refused.json', json);
    const refused = expect.objectContaining({ code: 'malformed', message: expect.stringContaining('nvattest') });
    await expect(subjectOf(null, { nvattest: [file] })).rejects.toThrow(refused);
    await expect(subjectOf(file, {})).rejects.toThrow(refused);
  });
});

describe('AMD’s chain', () => {
  const ask = fromBase64url(endorsements.snp?.ask ?? '');
  const ark = fromBase64url(snpCase().referenceValues.products[0]?.root ?? '');
  const vek = fromBase64url(endorsements.snp?.vek ?? '');
  const asvk = fromBase64url(snpCase({ signer: 'vlek' }).endorsements.snp.ask);
  const put = (name: string, text: string) => {
    writeFileSync(path(name), text);
    return path(name);
  };

  test.each([
    ['the ASK first', pem('CERTIFICATE', ask) + pem('CERTIFICATE', ark)],
    ['the ARK first', pem('CERTIFICATE', ark) + pem('CERTIFICATE', ask)],
    ['a number before each', `0 s:ARK\n${pem('CERTIFICATE', ark)}1 s:ASK\n${pem('CERTIFICATE', ask)}`],
    ['an ARK that cannot be read first', pem('CERTIFICATE', fromHex('3000')) + pem('CERTIFICATE', ask)],
    ['the VEK first', pem('CERTIFICATE', vek) + pem('CERTIFICATE', ask) + pem('CERTIFICATE', ark)],
    ['the ASVK first', pem('CERTIFICATE', asvk) + pem('CERTIFICATE', ask) + pem('CERTIFICATE', ark)],
    ['the ASK alone, in base64', toBase64(ask)],
    ['the ASK alone, in hexadecimal', toHex(ask)],
  ])('is read with %s', async (name, text) => {
    const given = await subjectOf(null, { ...SNP, ca: put(`${name}.ca`, text) });
    expect(given.endorsements.snp?.ask).toBe(endorsements.snp?.ask);
  });

  test('is refused where it has ARKs alone', async () => {
    const ca = put('arks.ca', pem('CERTIFICATE', ark).repeat(2));
    await expect(subjectOf(null, { ...SNP, ca })).rejects.toThrow(code('malformed'));
  });
});

describe('a file that cannot be parsed is named, with its flag', () => {
  const [garbage, text] = [path('garbage.bin'), path('garbage.txt')];
  writeFileSync(garbage, new Uint8Array(7));
  writeFileSync(text, 'garbage');
  const quote = tpmReport();
  const put = (name: string, bytes: Uint8Array) => {
    writeFileSync(path(name), bytes);
    return path(name);
  };
  const { key } = quote.identity as { readonly key: string };
  const TPM = {
    tpmAttest: put('q.msg', fromBase64url(quote.attest)),
    tpmSignature: put('q.sig', fromBase64url(quote.signature)),
    tpmPcrs: garbage,
    ak: put('ak.pub', fromBase64url(key)),
  };

  test.each<[string, string, SubjectFlags]>([
    ['--snp-report', `--snp-report ${garbage}: expected 1184 bytes, got 7`, { snpReport: garbage }],
    ['--collateral', `--collateral ${text}: `, { tdxQuote: garbage, collateral: text }],
    ['--tpm-pcrs', `--tpm-pcrs ${garbage}: expected 288 bytes of PCR values, got 7; quote with tpm2_quote`, TPM],
    ['--ak', `--ak ${garbage}: `, { ...TPM, ak: garbage }],
    ['--ak, how to write one', 'tpm2_createak -f tss -u writes one', { ...TPM, ak: garbage }],
  ])('%s', async (_, message, flags) => {
    const error = { code: 'malformed', message: expect.stringContaining(message) };
    await expect(subjectOf(null, flags)).rejects.toMatchObject(error);
  });

  const pemKey = put('ak.pem', utf8(pem('PUBLIC KEY', fromHex('3000'))));
  test.each<[string, SubjectFlags]>([
    ['a key in PEM, which names no attributes', { ...TPM, ak: pemKey, akChain: path('ask.der') }],
    ['the data of a paravisor', { ...TPM, hcl: garbage, akChain: path('ask.der') }],
    ['the data of a paravisor, which names its key', { ...TPM, hcl: garbage }],
  ])('a chain or a key beside %s is refused, and not dropped', async (_, flags) => {
    const error = { code: 'usage', message: expect.stringMatching(/--ak-chain/) };
    await expect(subjectOf(null, flags)).rejects.toMatchObject(error);
  });

  test('as ours, where it is a vendor’s', async () => {
    await expect(subjectOf(garbage, {})).rejects.toThrow('need a flag, such as --tdx-quote');
  });
});

test('a shorter nonce is what the report data begins with, zeros after it', async () => {
  const { parts } = await subjectOf(null, { ...SNP, nonce: 'ab'.repeat(32) });
  expect(toHex(parts.reportData ?? new Uint8Array())).toBe('ab'.repeat(32) + '00'.repeat(32));
  const whole = await subjectOf(null, { ...SNP, nonce: 'ab'.repeat(32), reportData: 'cd'.repeat(64) });
  expect(toHex(whole.parts.reportData ?? new Uint8Array())).toBe('cd'.repeat(64));
});

test('endorsements of a file of their own stand in place of others', async () => {
  writeFileSync(path('endorsements.json'), '{"kind":"endorsements","v":1}');
  const given = { endorsements: path('endorsements.json') };
  expect((await subjectOf(null, { ...SNP, ...given })).endorsements.snp).toBeUndefined();
  expect((await subjectOf(path('snp.json'), given)).endorsements.snp).toBeUndefined();
});

test('JSON may begin with the mark that tools on Windows write', async () => {
  const marked = (name: string, text: string) => {
    writeFileSync(path(name), `\uFEFF${text}`);
    return path(name);
  };
  const tdx = makeTdx().endorsements;
  const collateral = marked('marked.json', collateralJson(tdx));
  const given = await subjectOf(null, { ...SNP, collateral, jwks: marked('jwks.json', '{"keys":[]}') });
  expect(given.endorsements.tdx).toEqual(tdx);
  const { token } = trustAuthorityToken(new Uint8Array(64));
  expect((await subjectOf(null, { jwt: marked('marked.jwt', token) })).parts.report).toMatchObject({ token });
  const device = makeDevice();
  const evidence = toBase64(device.spdm);
  const certificate = toBase64(utf8(device.chain.map((der) => pem('CERTIFICATE', der)).join('')));
  const printed = marked('marked-nvattest.json', JSON.stringify([{ evidence, certificate }]));
  expect((await subjectOf(null, { nvattest: [printed] })).parts.gpu).toEqual(evidenceOf(device));
  expect((await subjectOf(printed, {})).parts.gpu).toEqual(evidenceOf(device));
});

test('a token may be followed by the line end that an editor leaves', async () => {
  const { token } = trustAuthorityToken(new Uint8Array(64));
  writeFileSync(path('a.jwt'), `${token}\n`);
  const { parts } = await subjectOf(null, { jwt: path('a.jwt') });
  expect(parts.report).toEqual({ platform: 'intel-trust-authority', token });
});

describe('--at', () => {
  test('is an instant in UTC, or the midnight that a day begins with', () => {
    expect(instantOf('2026-06-29T03:00:00Z')).toBe(Date.UTC(2026, 5, 29, 3));
    expect(instantOf('2026-06-29')).toBe(Date.UTC(2026, 5, 29));
    expect(instantOf('2024-02-29')).toBe(Date.UTC(2024, 1, 29));
  });

  test.each([
    ...['2026-02-29', '2026-02-30T00:00:00Z', '2026-13-01', '2026-00-01', '2026-01-01T24:00:00Z'],
    ...['2026-01-01T00:00:00', '2026-01-01T00:00:00+02:00', '2026-01-01T00:00:00.5Z', '1767225600', 'now', ''],
  ])('is refused: %s', (text) => {
    expect(() => instantOf(text)).toThrow(code('usage'));
  });
});
