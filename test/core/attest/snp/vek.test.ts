import { describe, expect, test } from 'vitest';
import { hasFmc } from '../../../../src/core/attest/snp/tcb.ts';
import { parseVek } from '../../../../src/core/attest/snp/vek.ts';
import { concat, fromBase64url, fromHex, utf8 } from '../../../../src/core/bytes.ts';
import { type SnpOptions, snpCase, snpTcb, type VekExtensions } from '../../../platforms/snp.ts';
import { testKey, tlv } from '../../x509/certificate-kit.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const vekOf = (options: SnpOptions = {}) => fromBase64url(snpCase(options).endorsements.snp?.vek ?? '');
const ia5 = (text: string) => tlv(0x16, utf8(text));

describe('a VEK is read', () => {
  test.each(['Milan', 'Genoa', 'Turin', 'Venice'] as const)('of %s, with its chip', (product) => {
    const vek = parseVek(vekOf({ product }));
    const length = hasFmc(product) ? 8 : 64;
    const hwid = Uint8Array.from({ length }, (_, i) => i + 1);
    expect(vek).toMatchObject({ signer: 'vcek', product, tcb: snpTcb(product), hwid, cspId: null });
    expect(vek.certificate.serial).toBe('00');
  });
  test('of a cloud, with its name', () => {
    const vek = parseVek(vekOf({ signer: 'vlek' }));
    expect(vek).toMatchObject({ signer: 'vlek', hwid: null, cspId: 'CN=cc-test-1.example.com' });
  });
  test.each([
    ['Milan', 'Milan'],
    ['Milan-B0', 'Milan'],
    ['Genoa-B1', 'Genoa'],
    ['Siena', 'Genoa'],
    ['Siena-A1', 'Genoa'],
  ] as const)('whose product is %s', (productName, product) => {
    expect(parseVek(vekOf({ product, vekExtensions: { '2': ia5(productName) } }))).toMatchObject({
      product,
      productName,
    });
  });
});

describe('a VEK is refused', () => {
  const both = new Uint8Array(64);
  test.each<[string, VekExtensions]>([
    ['without a product', { '2': null }],
    ['of a product that is not known', { '2': ia5('Naples-B0') }],
    ['whose product only begins like one', { '2': ia5('Milanese') }],
    ['whose product ends in another line', { '2': ia5('Milan-B0\n') }],
    ['whose product is in another string type', { '2': tlv(0x0c, utf8('Milan-B0')) }],
    ['whose product has bytes after it', { '2': concat(ia5('Milan-B0'), Uint8Array.of(0)) }],
    ['without a structure version', { '1': null }],
    ['without a boot loader version', { '3.1': null }],
    ['without a TEE version', { '3.2': null }],
    ['without an SNP version', { '3.3': null }],
    ['without a microcode version', { '3.8': null }],
    ['with a version above 255', { '3.3': fromHex('02020100') }],
    ['with a negative version', { '3.3': fromHex('0201ff') }],
    ['with a version that is not in its shortest form', { '3.3': fromHex('02020018') }],
    ['with bytes after a version', { '3.3': fromHex('02011800') }],
    ['with a component that is reserved', { '3.5': fromHex('020101') }],
    ['with the FMC of Turin where it is a Milan’s', { '3.9': fromHex('020101') }],
    ['with neither a HWID nor a CSP id', { '4': null }],
    ['with both a HWID and a CSP id', { '4': both, '5': ia5('CN=cloud') }],
    ['whose HWID is DER inside of the extension', { '4': tlv(0x04, both) }],
    ['whose HWID is a byte short', { '4': new Uint8Array(63) }],
    ['whose HWID is as short as a Turin’s', { '4': new Uint8Array(8) }],
    ['whose CSP id is empty', { '4': null, '5': ia5('') }],
    ['whose CSP id has a control character', { '4': null, '5': ia5('CN=\u0007') }],
    ['whose CSP id is longer than a name', { '4': null, '5': ia5('x'.repeat(257)) }],
  ])('%s', (_what, vekExtensions) => {
    expect(() => parseVek(vekOf({ vekExtensions }))).toThrow(code('malformed'));
  });

  test('of Turin, without its FMC or with the HWID of another product', () => {
    expect(() => parseVek(vekOf({ product: 'Turin', vekExtensions: { '3.9': null } }))).toThrow(code('malformed'));
    expect(() => parseVek(vekOf({ product: 'Turin', vekExtensions: { '4': both } }))).toThrow(code('malformed'));
  });

  test('whose extensions are of another structure', () => {
    expect(() => parseVek(vekOf({ vekExtensions: { '1': fromHex('020102') } }))).toThrow(code('unsupported_version'));
  });

  test('whose key is not of P-384', () => {
    for (const kind of ['ES256', 'PS384'] as const) {
      expect(() => parseVek(vekOf({ vek: { key: testKey(kind, 5) } }))).toThrow(code('invalid_key'));
    }
  });
});
