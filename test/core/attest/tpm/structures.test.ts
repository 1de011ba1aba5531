import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pcrsOfValues, tpmtSignatureOf } from '../../../../src/core/attest/tpm/signature-forms.ts';
import { parseTpm2bPublic } from '../../../../src/core/attest/tpm/tpm2b-public.ts';
import { parseTpmsAttest, selectionText } from '../../../../src/core/attest/tpm/tpms-attest.ts';
import { parseTpmtSignature } from '../../../../src/core/attest/tpm/tpmt-signature.ts';
import { concat, fromHex, toHex, u8, u16, u32 } from '../../../../src/core/bytes.ts';
import { ecdsaToDer } from '../../../../src/core/signature/der.ts';
import {
  type AkScheme,
  type AreaFields,
  akName,
  akOf,
  PCRS,
  PCRS_384,
  publicArea,
  type QuoteFields,
  quoteBytes,
  signatureBytes,
} from '../../../platforms/tpm.ts';
import { publicKeyOf } from '../../x509/certificate-kit.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const MESSAGE = quoteBytes(PCRS);

/** Every beginning of the bytes, and the bytes with one more. */
function refusesEveryLength(bytes: Uint8Array, parse: (bytes: Uint8Array) => unknown): void {
  for (let length = 0; length < bytes.length; length++) {
    expect(() => parse(bytes.subarray(0, length))).toThrow(code('malformed'));
  }
  expect(() => parse(concat(bytes, u8(0)))).toThrow(code('malformed'));
}

describe('TPMS_ATTEST', () => {
  test('says what was quoted, for every quote', () => {
    const indices = fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 0 });
    const bytes = (max: number) => fc.uint8Array({ maxLength: max });
    fc.assert(
      fc.property(indices, bytes(64), bytes(66), bytes(64), (chosen, extraData, qualifiedSigner, pcrDigest) => {
        const fields = { extraData, qualifiedSigner, pcrDigest, selections: [{ hash: 0x000b, indices: chosen }] };
        const quote = parseTpmsAttest(quoteBytes([], fields));
        expect(quote.extraData).toBe(toHex(extraData));
        expect(quote.qualifiedSigner).toBe(toHex(qualifiedSigner));
        expect(quote.pcrDigest).toBe(toHex(pcrDigest));
        expect(selectionText(quote.selections)).toBe(`sha256:${chosen.toSorted((a, b) => a - b).join(',')}`);
      }),
    );
  });

  test('is refused cut short anywhere, and with a byte after it', () => {
    refusesEveryLength(MESSAGE, parseTpmsAttest);
  });

  test.each<[string, QuoteFields]>([
    ['another magic', { magic: 0xff54_4348 }],
    ['the type of a certified creation', { type: 0x801a }],
    ['extraData of 65 bytes', { extraData: new Uint8Array(65) }],
    ['a name of 67 bytes', { qualifiedSigner: new Uint8Array(67) }],
    ['a digest of 65 bytes', { pcrDigest: new Uint8Array(65) }],
    ['safe that is neither yes nor no', { safe: 2 }],
    ['a selection of 2 bytes', { selections: [{ hash: 0x000b, indices: [0], bytes: 2 }] }],
    ['a selection of 4 bytes', { selections: [{ hash: 0x000b, indices: [0], bytes: 4 }] }],
    ['17 selections', { selections: Array.from({ length: 17 }, () => ({ hash: 0x000b, indices: [] })) }],
  ])('is refused with %s', (_, fields) => {
    expect(() => parseTpmsAttest(quoteBytes(PCRS, fields))).toThrow(code('malformed'));
  });
});

describe('TPMT_SIGNATURE', () => {
  test.each<AkScheme>(['ECDSA', 'ECDSA-P384', 'RSASSA', 'RSAPSS'])(
    'of %s is refused cut short anywhere, and with more',
    (scheme) => {
      refusesEveryLength(signatureBytes(scheme, MESSAGE), parseTpmtSignature);
    },
  );

  test('takes r and s without their leading zeros', () => {
    const bytes = concat(u16(0x0018), u16(0x000b), u16(1), u8(5), u16(2), u16(0x0102));
    const signature = toHex(parseTpmtSignature(bytes).signature);
    expect(signature).toBe(`${'00'.repeat(31)}05${'00'.repeat(30)}0102`);
  });

  test.each([
    ['an empty r', concat(u16(0x0018), u16(0x000b), u16(0), u16(1), u8(1)), 'malformed'],
    ['33 bytes of r', concat(u16(0x0018), u16(0x000b), u16(33), new Uint8Array(33), u16(1), u8(1)), 'malformed'],
    ['513 bytes of RSA', concat(u16(0x0014), u16(0x000b), u16(513), new Uint8Array(513)), 'malformed'],
    ['SHA-1', signatureBytes('RSASSA', MESSAGE, { hash: 0x0004 }), 'unsupported_algorithm'],
    ['SHA-512', signatureBytes('ECDSA', MESSAGE, { hash: 0x000d }), 'unsupported_algorithm'],
    [
      '49 bytes of r of P-384',
      concat(u16(0x0018), u16(0x000c), u16(49), new Uint8Array(49), u16(1), u8(1)),
      'malformed',
    ],
    ['no algorithm', u16(0x0010), 'unsupported_algorithm'],
    ['ECDAA', concat(u16(0x001a), u16(0x000b)), 'unsupported_algorithm'],
    ['HMAC', concat(u16(0x0005), u16(0x000b), new Uint8Array(32)), 'unsupported_algorithm'],
  ])('is refused with %s', (_, bytes, name) => {
    expect(() => parseTpmtSignature(bytes)).toThrow(code(name));
  });
});

const FAMILIES = { ECDSA: 'P-256', 'ECDSA-P384': 'P-384', RSASSA: 'RSA', RSAPSS: 'RSA' } as const;

describe('TPM2B_PUBLIC', () => {
  test.each<AkScheme>(['ECDSA', 'ECDSA-P384', 'RSASSA', 'RSAPSS'])('of %s gives name, attributes and key', (scheme) => {
    const area = publicArea(scheme);
    const { name, key } = parseTpm2bPublic(area);
    expect(name).toBe(akName(area));
    expect(key).toEqual({ family: FAMILIES[scheme], publicKey: publicKeyOf(akOf(scheme)) });
    refusesEveryLength(area, parseTpm2bPublic);
  });

  test('takes a policy, a cipher, a key without a scheme, and an exponent that is written out', () => {
    const aes = concat(u16(0x0006), u16(128), u16(0x0043));
    const area = publicArea('RSASSA', {
      policy: new Uint8Array(32),
      symmetric: aes,
      scheme: u16(0x10),
      exponent: 65_537,
    });
    expect(parseTpm2bPublic(area).key.family).toBe('RSA');
  });

  test.each<[string, AkScheme, AreaFields, string]>([
    ['a name by SHA-1', 'ECDSA', { nameHash: 0x0004 }, 'unsupported_algorithm'],
    ['the curve P-521', 'ECDSA', { curve: 0x0005 }, 'unsupported_algorithm'],
    ['a name by SHA-512', 'ECDSA', { nameHash: 0x000d }, 'unsupported_algorithm'],
    ['the point of P-256 on P-384', 'ECDSA', { curve: 0x0004 }, 'invalid_key'],
    ['the point of P-384 on P-256', 'ECDSA-P384', { curve: 0x0003 }, 'malformed'],
    ['a scheme for encryption', 'RSASSA', { scheme: concat(u16(0x0017), u16(0x000b)) }, 'unsupported_algorithm'],
    ['another cipher', 'RSASSA', { symmetric: concat(u16(0x0013), u16(128), u16(0x43)) }, 'unsupported_algorithm'],
    ['the exponent 3', 'RSASSA', { exponent: 3 }, 'invalid_key'],
    ['more bits than it has', 'RSASSA', { keyBits: 3072 }, 'malformed'],
    ['a policy of 65 bytes', 'ECDSA', { policy: new Uint8Array(65) }, 'malformed'],
    ['bytes after the key', 'ECDSA', { trailing: u8(0) }, 'malformed'],
  ])('is refused with %s', (_, scheme, fields, name) => {
    expect(() => parseTpm2bPublic(publicArea(scheme, fields))).toThrow(code(name));
  });

  test('is refused for a point that is not of the curve', () => {
    const area = publicArea('ECDSA');
    const moved = area.with(area.length - 1, (area.at(-1) ?? 0) ^ 1);
    expect(() => parseTpm2bPublic(moved)).toThrow(code('invalid_key'));
  });

  test('is refused for a symmetric key', () => {
    const area = concat(u16(0x0008), u16(0x000b), u32(0), u16(0));
    expect(() => parseTpm2bPublic(concat(u16(area.length), area))).toThrow(code('unsupported_algorithm'));
  });
});

describe('what tools write', () => {
  const P256 = { family: 'P-256', publicKey: publicKeyOf(akOf('ECDSA')) } as const;
  const P384 = { family: 'P-384', publicKey: publicKeyOf(akOf('ECDSA-P384')) } as const;
  const RSA = { family: 'RSA', publicKey: publicKeyOf(akOf('RSASSA')) } as const;

  test('is TPMT_SIGNATURE already, and stays as it is', () => {
    const ecdsa = signatureBytes('ECDSA', MESSAGE);
    const pss = signatureBytes('RSAPSS', MESSAGE);
    expect(tpmtSignatureOf({ raw: ecdsa, key: P256 })).toEqual(ecdsa);
    expect(tpmtSignatureOf({ raw: pss, key: RSA })).toEqual(pss);
  });

  test('is a DER signature or bare RSASSA bytes, and becomes TPMT_SIGNATURE', () => {
    const ecdsa = signatureBytes('ECDSA', MESSAGE);
    const der = ecdsaToDer(parseTpmtSignature(ecdsa).signature, 'ES256');
    expect(tpmtSignatureOf({ raw: der, key: P256 })).toEqual(ecdsa);
    const p384 = signatureBytes('ECDSA-P384', MESSAGE);
    const der384 = ecdsaToDer(parseTpmtSignature(p384).signature, 'ES384');
    expect(tpmtSignatureOf({ raw: der384, key: P384 })).toEqual(p384);
    const rsassa = signatureBytes('RSASSA', MESSAGE);
    expect(tpmtSignatureOf({ raw: rsassa.subarray(6), key: RSA })).toEqual(rsassa);
  });

  test('is refused where it is neither', () => {
    expect(() => tpmtSignatureOf({ raw: fromHex('3003020101'), key: P256 })).toThrow(code('malformed'));
    expect(() => tpmtSignatureOf({ raw: new Uint8Array(64), key: P256 })).toThrow(code('unsupported_algorithm'));
    expect(() => tpmtSignatureOf({ raw: new Uint8Array(255), key: RSA })).toThrow(code('unsupported_algorithm'));
  });

  test('is bare PCR values, which must be as many as were selected', () => {
    const values = concat(...PCRS.map(({ value }) => fromHex(value)));
    const indices = PCRS.map(({ index }) => index);
    expect(pcrsOfValues(values, indices)).toEqual(PCRS);
    const values384 = concat(...PCRS_384.map(({ value }) => fromHex(value)));
    expect(pcrsOfValues(values384, indices, 'sha384')).toEqual(PCRS_384);
    expect(() => pcrsOfValues(values384, indices)).toThrow(code('malformed'));
    expect(() => pcrsOfValues(values.subarray(1), indices)).toThrow(code('malformed'));
    expect(() => pcrsOfValues(values, [...indices, 11])).toThrow(code('malformed'));
  });
});
