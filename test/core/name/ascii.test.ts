import { expect, test } from 'vitest';
import { caseless } from '../../../src/core/name/looks.ts';
import { codePoints, isComposed } from '../../../src/core/name/normal-form.ts';

test('ASCII is the same by itself as beside a letter that needs the tables', () => {
  const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join('');
  expect(caseless(`${ascii}\u00e9`)).toBe(`${caseless(ascii)}${caseless('\u00e9')}`);
});

test('every character before the first mark is in normal form C', () => {
  for (let code = 0; code < 0x300; code++) {
    const character = String.fromCharCode(code);
    expect(character.normalize('NFC')).toBe(character);
    expect(isComposed(codePoints(character))).toBe(true);
  }
});
