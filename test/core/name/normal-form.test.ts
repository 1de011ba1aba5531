import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codePoints, decompose, isComposed } from '../../../src/core/name/normal-form.ts';
import { combiningClasses, composites, letters } from '../../../src/core/name/tables.ts';

const ALPHABET = [...letters.keys()];
const MARKS = [...combiningClasses.keys()].filter((code) => letters.has(code));
/** Marks more often than they occur: where they meet is where an order or a composite can go wrong. */
const anyText = fc
  .array(fc.oneof(fc.constantFrom(...ALPHABET), fc.constantFrom(...MARKS), fc.integer({ min: 0x20, max: 0x7e })), {
    maxLength: 8,
  })
  .map((codes) => String.fromCodePoint(...codes));
/** This engine leaves no syllable of Hangul whole; ours does, and has none of their parts. */
const withoutHangul = anyText.filter((text) => !/\p{Script=Hangul}/u.test(text));

test('every letter and mark of names decomposes as this engine has it', () => {
  for (const code of [...ALPHABET, ...composites.keys()]) {
    const character = String.fromCodePoint(code);
    if (/\p{Script=Hangul}/u.test(character)) continue;
    expect(String.fromCodePoint(...decompose([code]))).toBe(character.normalize('NFD'));
  }
});

test('any text of them decomposes as this engine has it', () => {
  const property = fc.property(withoutHangul, (text) => {
    expect(String.fromCodePoint(...decompose(codePoints(text)))).toBe(text.normalize('NFD'));
  });
  fc.assert(property, { numRuns: 5000 });
});

test('and is found to be in normal form C where this engine finds it so', () => {
  const property = fc.property(
    fc.oneof(
      anyText,
      anyText.map((text) => text.normalize('NFC')),
    ),
    (text) => {
      expect(isComposed(codePoints(text))).toBe(text === text.normalize('NFC'));
    },
  );
  fc.assert(property, { numRuns: 5000 });
});
