import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tdxNeeds } from '../../../../src/core/attest/tdx/needs.ts';
import { parseTdxQuote } from '../../../../src/core/attest/tdx/parse.ts';
import { concat, toHex } from '../../../../src/core/bytes.ts';
import { makeTdx, makeTdxQuote, NAMES, PCK, TD_BODY } from '../../../platforms/tdx.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const V4 = makeTdxQuote();
const V5 = makeTdxQuote({ header: { version: 5 } });
const V5_TDX_10 = makeTdxQuote({ header: { version: 5, bodyType: 2 } });

/** Offsets of a version 4 quote of the kit, whose QE authentication data has 32 bytes. */
const AT = {
  version: 0,
  body: 48,
  signatureDataBytes: 632,
  certificationType: 764,
  certificationBytes: 766,
  authDataBytes: 1218,
  chainType: 1252,
  chainBytes: 1254,
  chain: 1258,
} as const;

function changed(quote: Uint8Array, offset: number, ...bytes: number[]): Uint8Array {
  const copy = Uint8Array.from(quote);
  copy.set(bytes, offset);
  return copy;
}

describe('a TD quote', () => {
  test('of version 4 is read field by field', () => {
    const quote = parseTdxQuote(V4);
    expect(quote).toMatchObject({ version: 4, keyType: 2, teeType: 0x81, bodyType: 2, trailingBytes: 0 });
    expect(quote.body.teeTcbSvn2).toBeNull();
    expect(quote.body.mrServiceTd).toBeNull();
    const { teeTcbSvn2: _, mrServiceTd: __, ...body } = quote.body;
    expect(Object.fromEntries(Object.entries(body).map(([name, bytes]) => [name, toHex(bytes)]))).toEqual(TD_BODY);
    expect(quote.signed).toEqual(V4.subarray(0, AT.signatureDataBytes));
    expect(quote.qeReportBytes).toHaveLength(384);
    expect(quote.qeReport).toMatchObject({ isvProdId: 2, isvSvn: 7 });
    expect(quote.qeAuthData).toEqual(new Uint8Array(32).fill(0x0a));
    expect(quote.pckIssuers).toHaveLength(2);
  });

  test('of version 5 has the body of TDX 1.0 or of TDX 1.5', () => {
    expect(parseTdxQuote(V5)).toMatchObject({ version: 5, bodyType: 3 });
    expect(toHex(parseTdxQuote(V5).body.teeTcbSvn2 ?? new Uint8Array())).toBe('07010300000000000000000000000000');
    expect(parseTdxQuote(V5).signed).toHaveLength(54 + 648);
    expect(parseTdxQuote(V5_TDX_10)).toMatchObject({ version: 5, bodyType: 2 });
    expect(parseTdxQuote(V5_TDX_10).body.mrServiceTd).toBeNull();
    expect(parseTdxQuote(V5_TDX_10).signed).toHaveLength(54 + 584);
  });

  test('carries every report of the TD', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 584, maxLength: 584 }), (body) => {
        const { teeTcbSvn2: _, mrServiceTd: __, ...parsed } = parseTdxQuote(changed(V4, AT.body, ...body)).body;
        expect(concat(...Object.values(parsed))).toEqual(body);
      }),
    );
  });

  test('is refused at every length that cuts it short', () => {
    for (const quote of [V4, V5, V5_TDX_10]) {
      for (let length = 2; length < quote.length; length++) {
        expect(() => parseTdxQuote(quote.subarray(0, length))).toThrow(code('malformed'));
      }
    }
  });

  test('says where it is cut short', () => {
    expect(() => parseTdxQuote(V4.subarray(0, 100))).toThrow(/TDX quote: expected 48 bytes at offset 64, got 36/);
  });

  test('is read with the bytes that the platform left after it, and says how much', () => {
    const quote = parseTdxQuote(makeTdxQuote({ trailing: new Uint8Array(39).fill(0x5a) }));
    expect(quote.trailingBytes).toBe(39);
    expect(quote.body).toEqual(parseTdxQuote(V4).body);
  });

  test.each([0, 1, 2, 3, 6, 0x0104])('of version %i is refused', (version) => {
    const quote = changed(V4, AT.version, version & 0xff, version >> 8);
    expect(() => parseTdxQuote(quote)).toThrow(code('unsupported_version'));
  });

  test.each([
    ['an SGX enclave', 1],
    ['a later TD', 4],
  ])('with the body of %s is refused', (_, bodyType) => {
    expect(() => parseTdxQuote(makeTdxQuote({ header: { version: 5, bodyType } }))).toThrow(code('malformed'));
  });

  test('with a body of another length than its type is refused', () => {
    for (const bytes of [584, 647, 649]) {
      const quote = changed(V5, 50, bytes & 0xff, bytes >> 8);
      expect(() => parseTdxQuote(quote)).toThrow(/expected a body of 648 bytes/);
    }
  });

  test.each([
    ['signature data one byte short', AT.signatureDataBytes, -1],
    ['certification data one byte short', AT.certificationBytes, -1],
    ['certification data one byte long', AT.certificationBytes, 1],
    ['authentication data one byte short', AT.authDataBytes, -1],
    ['authentication data one byte long', AT.authDataBytes, 1],
    ['a chain one byte short', AT.chainBytes, -1],
    ['a chain one byte long', AT.chainBytes, 1],
    ['certification data of another type', AT.certificationType, -1],
    ['a chain of another type', AT.chainType, -1],
  ])('with %s is refused', (_, offset, by) => {
    expect(() => parseTdxQuote(changed(V4, offset, (V4[offset] ?? 0) + by))).toThrow(code('malformed'));
  });

  test('with signature data that has more than it says is refused', () => {
    const quote = concat(changed(V4, AT.signatureDataBytes, (V4[AT.signatureDataBytes] ?? 0) + 1), Uint8Array.of(0));
    expect(() => parseTdxQuote(quote)).toThrow(/expected the end, got 1 byte after/);
  });

  test('has a chain that ends with a zero byte, or does not', () => {
    const { pck, pckIssuers } = parseTdxQuote(V4);
    expect(parseTdxQuote(makeTdxQuote({ chainEnd: '' }))).toMatchObject({ pck, pckIssuers });
  });

  test('has a chain of one to three certificates', () => {
    const { pckIssuers } = parseTdxQuote(V4);
    expect(parseTdxQuote(makeTdxQuote({ issuers: [] })).pckIssuers).toEqual([]);
    const long = makeTdxQuote({ issuers: [...pckIssuers, ...pckIssuers] });
    expect(() => parseTdxQuote(long)).toThrow(code('malformed'));
    const bytes = V4.length - AT.chain;
    const none = changed(V4, AT.chain, ...new Uint8Array(bytes).fill(0x20));
    expect(() => parseTdxQuote(none)).toThrow(code('malformed'));
  });
});

describe('the collateral that a quote needs', () => {
  test('is of its platform family and its PCK authority', () => {
    expect(tdxNeeds(makeTdx().report)).toEqual({ fmspc: PCK.fmspc, ca: 'platform' });
    const processor = makeTdx({ pckCertificate: { issuer: NAMES.processor }, pck: { fmspc: '00806f050000' } });
    expect(tdxNeeds(processor.report)).toEqual({ fmspc: '00806f050000', ca: 'processor' });
  });

  test('is not asked of a quote that cannot be parsed', () => {
    const { quote } = makeTdx({ header: { version: 3 } }).report;
    expect(() => tdxNeeds({ platform: 'tdx', quote })).toThrow(code('unsupported_version'));
  });
});
