import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, toHex } from '../../../src/core/bytes.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { ecdsaFromDer, ecdsaToDer, readElement, readUnsigned } from '../../../src/core/signature/der.ts';

const malformed = expect.objectContaining({ code: 'malformed' });
const from = (hex: string, algorithm: 'ES256' | 'ES384' = 'ES256') => ecdsaFromDer(fromHex(hex), algorithm);
const padded = (hex: string, bytes = 32): string => hex.padStart(2 * bytes, '0');

describe('an ECDSA-Sig-Value', () => {
  test('becomes r and s of fixed length', () => {
    expect(toHex(from('3006020101020102'))).toBe(padded('01') + padded('02'));
    expect(toHex(from('300702020080020102'))).toBe(padded('80') + padded('02'));
    expect(toHex(from('3006020101020102', 'ES384'))).toBe(padded('01', 48) + padded('02', 48));
  });

  test('is refused in any encoding but DER', () => {
    const cases = {
      'indefinite length': '30800201010201020000',
      'long form of a short length': '308106020101020102',
      'length of two bytes for one': '30820006020101020102',
      'length of three bytes': '3083000006020101020102',
      'superfluous zero in r': '300702020001020102',
      'superfluous zero in s': '300702010102020002',
      'negative r': '3006020181020102',
      'negative s': '30060201010201ff',
      'empty r': '30050200020102',
      'one integer': '3003020101',
      'three integers': '3009020101020102020103',
      'bytes after the sequence': '300602010102010200',
      'bytes inside after s': '300702010102010200',
      'a set': '3106020101020102',
      'an octet string for r': '3006040101020102',
      'nothing at all': '',
      'only a tag': '30',
    };
    for (const [name, hex] of Object.entries(cases)) expect(() => from(hex), name).toThrow(malformed);
  });

  test('is refused when r or s is longer than the field', () => {
    const long = `022101${'00'.repeat(32)}`;
    expect(() => from(`3026${long}020101`)).toThrow(malformed);
    expect(() => from(`3026020101${long}`)).toThrow(malformed);
    expect(from(`3026020101${long}`, 'ES384')).toHaveLength(96);
  });

  test('is refused cut short anywhere', () => {
    const der = ecdsaToDer(new Uint8Array(64).fill(0xab), 'ES256');
    for (let length = 0; length < der.length; length++) {
      expect(() => ecdsaFromDer(der.subarray(0, length), 'ES256'), String(length)).toThrow(malformed);
    }
  });

  test('with any byte changed is refused or another signature, never the same', () => {
    const signature = new Uint8Array(64).fill(0xab).fill(0x12, 32);
    const der = ecdsaToDer(signature, 'ES256');
    for (let i = 0; i < der.length; i++) {
      for (const mask of [0x01, 0x80]) {
        const changed = der.with(i, (der[i] ?? 0) ^ mask);
        try {
          expect(ecdsaFromDer(changed, 'ES256'), String(i)).not.toEqual(signature);
        } catch (error) {
          if (!(error instanceof TwinlockError)) throw error;
          expect(error.code).toBe('malformed');
        }
      }
    }
  });

  test.each([
    ['ES256', 64],
    ['ES384', 96],
  ] as const)('comes back as it was, %s', (algorithm, bytes) => {
    const half = fc.uint8Array({ minLength: 0, maxLength: bytes / 2 }).map((digits) => {
      const field = new Uint8Array(bytes / 2);
      field.set(digits, bytes / 2 - digits.length);
      return field;
    });
    fc.assert(
      fc.property(half, half, (r, s) => {
        const signature = concat(r, s);
        expect(ecdsaFromDer(ecdsaToDer(signature, algorithm), algorithm)).toEqual(signature);
      }),
    );
  });

  test('has one encoding: what parses formats as it was', () => {
    const bytes = fc.uint8Array({ minLength: 0, maxLength: 8 });
    fc.assert(
      fc.property(bytes, (tail) => {
        const der = concat(fromHex('30'), Uint8Array.of(tail.length), tail);
        try {
          expect(ecdsaToDer(ecdsaFromDer(der, 'ES256'), 'ES256')).toEqual(der);
        } catch (error) {
          if (!(error instanceof TwinlockError)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('is not made of r and s of another length', () => {
    expect(() => ecdsaToDer(new Uint8Array(96), 'ES256')).toThrow(malformed);
    expect(() => ecdsaToDer(new Uint8Array(64), 'ES384')).toThrow(malformed);
  });
});

describe('a DER element', () => {
  test('has a length in its shortest form, up to three bytes', () => {
    const lengths = ['00', '7f', '8180', '81ff', '820100', '82ffff', '83010000', '83020001'];
    for (const hex of lengths) {
      const length = hex.length === 2 ? Number.parseInt(hex, 16) : Number.parseInt(hex.slice(2), 16);
      const der = concat(fromHex(`04${hex}`), new Uint8Array(length), Uint8Array.of(9));
      const { body, rest } = readElement(der, 0x04);
      expect([body.length, rest]).toEqual([length, Uint8Array.of(9)]);
    }
    for (const hex of [
      '04817f',
      '048200ff',
      '04820080',
      '0483000100',
      '0483000001',
      '048401000000',
      '048400000001',
      '0480',
      '04ff',
    ]) {
      const der = concat(fromHex(hex), new Uint8Array(300));
      expect(() => readElement(der, 0x04), hex).toThrow(malformed);
    }
  });

  test('whose length is cut short is refused', () => {
    for (const hex of ['04', '0481', '0482', '048201', '0483', '048301', '04830100', '0483010000', '048180']) {
      expect(() => readElement(fromHex(hex), 0x04), hex).toThrow(malformed);
    }
  });

  test('that is zero is an integer without digits', () => {
    expect(readUnsigned(fromHex('020100')).body).toHaveLength(0);
  });
});
