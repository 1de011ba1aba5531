import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../../src/core/bytes.ts';
import { derOfPem } from '../../../src/core/x509/pem.ts';
import { pem } from './certificate-kit.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const DER = Uint8Array.from({ length: 100 }, (_, i) => i);
const TEXT = pem('CERTIFICATE', DER);
const read = (text: string) => derOfPem(text, 'CERTIFICATE').map(toHex);

describe('a PEM text', () => {
  test('gives what its blocks hold, in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 32 }),
        (list) => {
          expect(read(list.map((der) => pem('CERTIFICATE', der)).join(''))).toEqual(list.map(toHex));
        },
      ),
      { numRuns: 50 },
    );
  });

  test('may end its lines with CRLF, and have text around its blocks', () => {
    expect(read(TEXT.replaceAll('\n', '\r\n'))).toEqual([toHex(DER)]);
    expect(read(`subject=CN = ARK\n\n# the root\n${TEXT}\nand another\n${TEXT}the end`)).toHaveLength(2);
    expect(read(TEXT.trimEnd())).toEqual([toHex(DER)]);
  });

  test.each<[string, string]>([
    ['nothing', ''],
    ['text without a block', 'subject=CN = ARK\n'],
    ['another label', TEXT.replaceAll('CERTIFICATE', 'PRIVATE KEY')],
    ['a block of another label beside', TEXT + pem('PRIVATE KEY', DER)],
    ['a label in lower case', TEXT.replaceAll('CERTIFICATE', 'certificate')],
    ['another label at the end', TEXT.replace('END CERTIFICATE', 'END X509 CRL')],
    ['an end before a beginning', `-----END CERTIFICATE-----\n${TEXT}`],
    ['a beginning inside of a block', TEXT.replace('-----END', '-----BEGIN CERTIFICATE-----\n-----END')],
    ['no end', TEXT.slice(0, TEXT.indexOf('-----END'))],
    ['a boundary with something behind it', TEXT.replace('CERTIFICATE-----\n', 'CERTIFICATE----- \n')],
    ['a boundary of fewer dashes', TEXT.replace('CERTIFICATE-----\n', 'CERTIFICATE----\n')],
    ['an empty block', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'],
    ['an empty line in a block', TEXT.replace('-----\n', '-----\n\n')],
    ['space in a block', TEXT.replace('AA', 'A A')],
    ['headers in a block', TEXT.replace('-----\n', '-----\nProc-Type: 4\n')],
    ['the alphabet of URLs', pem('CERTIFICATE', new Uint8Array(60).fill(0xff)).replaceAll('/', '_')],
    ['no padding', TEXT.replace('==', '')],
    ['padding that is not at the end', TEXT.replace('\n-----END', '\nAAAA\n-----END')],
    ['bits in the padding', TEXT.replace('w==', 'x==')],
    ['a line of 77 characters', pem('CERTIFICATE', DER).replace(/(.{64})\n(.{13})/, '$1$2')],
    ['a NUL at the end of a boundary', `${TEXT.trimEnd()}\0`],
  ])('is refused with %s', (_, text) => {
    expect(text).not.toBe(TEXT);
    expect(() => read(text)).toThrow(code('malformed'));
  });

  test('is refused cut short anywhere', () => {
    const text = TEXT.trimEnd();
    for (let length = 0; length < text.length; length++) {
      expect(() => read(text.slice(0, length)), String(length)).toThrow(code('malformed'));
    }
  });

  test('is refused with more than 32 blocks, or above 256 Ki characters', () => {
    expect(read(TEXT.repeat(32))).toHaveLength(32);
    expect(() => read(TEXT.repeat(33))).toThrow(code('too_large'));
    expect(() => read(TEXT.padStart(262_145, '#'))).toThrow(code('too_large'));
    expect(read(`\n${TEXT}`.padStart(262_144, '#'))).toHaveLength(1);
  });
});
