import { describe, expect, test } from 'vitest';
import { fromHex } from '../../../src/core/bytes.ts';
import { readElement, requireDer } from '../../../src/core/signature/der.ts';

const malformed = expect.objectContaining({ code: 'malformed' });
const read = (hex: string) => {
  const der = fromHex(hex);
  return readElement(der, der[0] ?? 0);
};

describe('the contents of an element have one form', () => {
  test.each([
    ['true', '0101ff'],
    ['false', '010100'],
    ['an integer', '020100'],
    ['a large one', '02020080'],
    ['a negative one', '0201ff'],
    ['a negative one of two bytes', '0202ff7f'],
    ['an enumerated', '0a0101'],
    ['no bits', '030100'],
    ['seven bits', '030201fe'],
    ['nothing', '0500'],
    ['an object identifier', '0603550403'],
    ['one with an arc of two bytes', '06028101'],
    ['one with an arc that has 80 inside', '0603818001'],
    ['UTF-8', '0c02c3bc'],
    ['ASCII', '13017e'],
    ['octets of any kind', '0402ffff'],
    ['a tag of a context', '80020041'],
    ['a string of another kind that names may be of', '1e020041'],
  ])('%s is read', (_, hex) => {
    expect(read(hex).rest).toHaveLength(0);
    requireDer(fromHex(hex));
  });

  test.each([
    ['a boolean of none', '0100'],
    ['a boolean of two bytes', '0102ffff'],
    ['a boolean that is neither', '010101'],
    ['an integer of none', '0200'],
    ['a superfluous zero', '0202007f'],
    ['a superfluous sign', '0202ff80'],
    ['an enumerated of none', '0a00'],
    ['an enumerated with a superfluous zero', '0a020001'],
    ['a BIT STRING of none', '0300'],
    ['unused bits of no byte', '030101'],
    ['eight unused bits', '03020800'],
    ['an unused bit that is set', '03020101'],
    ['a NULL that holds something', '050100'],
    ['an object identifier of none', '0600'],
    ['one that is cut short', '060181'],
    ['one with a superfluous byte', '06028001'],
    ['one with a superfluous byte after the first arc', '0603018001'],
    ['text that is no UTF-8', '0c01ff'],
    ['a PrintableString beyond ASCII', '130180'],
    ['an IA5String beyond ASCII', '160180'],
  ])('%s is refused, read or not', (_, hex) => {
    expect(() => read(hex)).toThrow(malformed);
    expect(() => requireDer(fromHex(`30${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`))).toThrow(malformed);
  });
});

describe('a tag that no certificate has is refused by every parser', () => {
  test.each([
    ['an end of contents', '0000'],
    ['a SEQUENCE that is not marked as holding elements', '1000'],
    ['a SET that is not marked as holding elements', '1100'],
    ['a real number', '090103'],
    ['a reserved one', '0f00'],
    ['a relative object identifier', '0d0101'],
    ['a VisibleString', '1a0141'],
    ['a number in a second byte', '1f0100'],
    ['a number in a second byte, of a context', '9f0100'],
    ['one that holds elements', 'bf020500'],
    ['one of an application', '5f0100'],
    ['a private one', 'df0100'],
  ])('%s', (_, hex) => {
    expect(() => requireDer(fromHex(hex))).toThrow(malformed);
    expect(() => requireDer(fromHex(`30${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`))).toThrow(malformed);
  });
});
