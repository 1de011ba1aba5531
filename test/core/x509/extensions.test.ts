import { describe, expect, test } from 'vitest';
import { fromHex, u8 } from '../../../src/core/bytes.ts';
import { DerReader } from '../../../src/core/x509/der-reader.ts';
import {
  allowsUsage,
  basicConstraints,
  type Extensions,
  extendedKeyUsage,
  keyUsage,
  readExtensions,
  unknownCriticalExtensions,
} from '../../../src/core/x509/extensions.ts';
import {
  basicConstraints as constraintsExtension,
  extension,
  extendedKeyUsage as purposesExtension,
  keyUsage as usageExtension,
} from './certificate-kit.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const MALFORMED = code('malformed');

function of(...list: Uint8Array[]): { extensions: Extensions } {
  return { extensions: readExtensions(new DerReader(new Uint8Array(list.flatMap((one) => [...one])))) };
}

describe('basic constraints', () => {
  test('say whether it is an authority, and how far above the leaf', () => {
    expect(basicConstraints(of())).toBeNull();
    expect(basicConstraints(of(constraintsExtension(false)))).toEqual({ ca: false, pathLength: null });
    expect(basicConstraints(of(constraintsExtension(true)))).toEqual({ ca: true, pathLength: null });
    expect(basicConstraints(of(constraintsExtension(true, 2)))).toEqual({ ca: true, pathLength: 2 });
  });

  test('refuse a path length of what is no authority', () => {
    expect(() => basicConstraints(of(constraintsExtension(false, 2)))).toThrow(MALFORMED);
  });

  test('refuse an authority that is none, written out', () => {
    expect(() => basicConstraints(of(extension('2.5.29.19', fromHex('3003010100'))))).toThrow(MALFORMED);
  });

  test.each(['', '3000ff', '30030101', '3003010101', '30060101ff0201ff', '30070101ff02020100'])(
    'refuse the encoding "%s"',
    (hex) => {
      expect(() => basicConstraints(of(extension('2.5.29.19', fromHex(hex))))).toThrow(MALFORMED);
    },
  );
});

describe('key usage', () => {
  test('names its bits', () => {
    expect(keyUsage(of())).toBeNull();
    expect(keyUsage(of(usageExtension(0)))).toEqual(new Set(['digitalSignature']));
    expect(keyUsage(of(usageExtension(5, 6)))).toEqual(new Set(['keyCertSign', 'cRLSign']));
    const all = keyUsage(of(extension('2.5.29.15', fromHex('030307ff80'))));
    expect(all?.size).toBe(9);
    expect(keyUsage(of(extension('2.5.29.15', fromHex('0303070080'))))).toEqual(new Set(['decipherOnly']));
  });

  test('allows what it names, and everything where there is none', () => {
    expect(allowsUsage(of(), 'keyCertSign')).toBe(true);
    expect(allowsUsage(of(usageExtension(5, 6)), 'keyCertSign')).toBe(true);
    expect(allowsUsage(of(usageExtension(5)), 'cRLSign')).toBe(false);
    expect(allowsUsage(of(usageExtension(0)), 'keyCertSign')).toBe(false);
    expect(allowsUsage(of(usageExtension(2)), 'digitalSignature')).toBe(false);
  });

  test.each(['', '0300', '030100', '03020880', '030207ff', '0304000000ff', '0302078000', '04020780'])(
    'refuses the encoding "%s"',
    (hex) => {
      expect(() => keyUsage(of(extension('2.5.29.15', fromHex(hex))))).toThrow(MALFORMED);
    },
  );
});

describe('extended key usage', () => {
  test('lists its purposes', () => {
    expect(extendedKeyUsage(of())).toBeNull();
    expect(extendedKeyUsage(of(purposesExtension('2.23.133.8.1', '1.3.6.1.5.5.7.3.2')))).toEqual([
      '2.23.133.8.1',
      '1.3.6.1.5.5.7.3.2',
    ]);
  });

  test.each(['', '3000', '3003020101', '300206', '30030601ff', '30020600', '3003060180', '3005060300'])(
    'refuses the encoding "%s"',
    (hex) => {
      expect(() => extendedKeyUsage(of(extension('2.5.29.37', fromHex(hex))))).toThrow(MALFORMED);
    },
  );
});

describe('critical extensions', () => {
  const usages = [usageExtension(0), constraintsExtension(false)];

  test('that are not understood are named, in order', () => {
    const critical = [extension('1.2.840.1', u8(0), true), extension('2.5.29.17', u8(0), true)];
    expect(unknownCriticalExtensions(of(...usages, ...critical))).toEqual(['1.2.840.1', '2.5.29.17']);
    expect(unknownCriticalExtensions(of(...usages, extension('1.3.6.1.4.1.45724.1.1.4', u8(0))))).toEqual([]);
  });

  test('that the caller understands are not', () => {
    const alternative = extension('2.5.29.17', u8(0), true);
    expect(unknownCriticalExtensions(of(...usages, alternative), ['2.5.29.17'])).toEqual([]);
    expect(unknownCriticalExtensions(of(...usages, alternative), ['2.5.29.18'])).toEqual(['2.5.29.17']);
  });
});
