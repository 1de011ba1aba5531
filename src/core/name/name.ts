import * as z from 'zod/mini';
import { codePoints, isComposed } from './normal-form.ts';
import { letters } from './tables.ts';

/** The limit counts characters, not bytes: some languages need more bytes for a character. */
const MAX_CHARACTERS = 64;
/** Marks on one character. More marks run into the line above. UTS 39, 5.4, allows the same number. */
const MAX_MARKS = 4;
/** Burmese letters also have marks beside them: မျှော် has five. */
const MAX_MARKS_MYANMAR = 5;
/** Accents (U+0300 to U+036F, U+1AB0 to U+1DFF) may only be the first marks of a character: accents pile up. */
const MAX_ACCENTS = 2;
/**
 * Vowel signs of India and Khmer (IndicSyllabicCategory.txt, Vowel_Dependent): a syllable has one, and two of them can
 * look like a third.
 */
const VOWEL_SIGN =
  /[\u093a\u093b\u093e-\u094c\u094f\u0956\u0957\u09be-\u09cc\u0a3e-\u0a4c\u0abe-\u0acc\u0b3e-\u0b4c\u0b56\u0bbe-\u0bcc\u0c3e-\u0c4c\u0cbe-\u0ccc\u0d3e-\u0d4b\u0d57\u0dcf-\u0dde\u0df2\u17b6-\u17c5]/u;
/** Characters that people type but names refuse, and what to type instead. */
const INSTEAD: ReadonlyMap<number, string> = new Map([
  ...signs('`´‘ʹ′׳＇', "write '"),
  ...signs('\u00ad\u200c\u200d\u2060\ufeffـ״', 'leave it out'),
  ...signs('‐‑–—−־', 'write -'),
  ...signs('\u00a0\u2009\u202f\u3000', 'write a space'),
  ...signs('\u0d4c', 'write \u0d57'),
]);
/**
 * Punctuation between the parts of a person's name. Brackets are not in it: they could look like a remark about the
 * person.
 */
const OF_PERSONS = { signs: " '’-.·・", inWords: "spaces, and any of ' - . and middle dots" };
/** Names of things also hold version numbers and addresses. */
const OF_THINGS = {
  signs: `${OF_PERSONS.signs}_,:;/+=@#&()[]`,
  inWords: `${OF_PERSONS.inWords} and _ , : ; / + = @ # & ( ) [ ]`,
};
type Punctuation = typeof OF_PERSONS;
/** Scripts that are written from right to left. A digit beside such a letter is displayed in another place (UAX 9). */
const RIGHT_TO_LEFT: readonly string[] = ['Arab', 'Hebr', 'Thaa'];

/** A person's name, at most 64 characters; FORMAT.md has the rules. */
export const personName = nameOf(OF_PERSONS);
/** The name of a thing, such as a machine's key or an image: a person's name with more punctuation. */
export const thingName = nameOf(OF_THINGS);

function nameOf(punctuation: Punctuation) {
  return z.string().check(
    z.minLength(1),
    // A character has at most two UTF-16 units. A longer text is refused before it is examined.
    z.maxLength(2 * MAX_CHARACTERS),
    z.refine((name: string) => flawOf(name, punctuation) === null, {
      error: ({ input }) => flawOf(String(input), punctuation) ?? 'expected a name',
    }),
  );
}

/** Whether a file's path may have the character: printable ASCII, and the letters and marks of names. */
export function isPathCharacter(code: number): boolean {
  return (code >= 0x20 && code < 0x7f) || letters.has(code);
}

/** Says what is wrong with a name (attacker-controlled) without repeating any of it; null for a correct name. */
function flawOf(name: string, { signs, inWords }: Punctuation): string | null {
  const codes = codePoints(name);
  if (codes.length > MAX_CHARACTERS) return `expected at most ${MAX_CHARACTERS} characters`;
  const odd = codes.find((code) => !isDigit(code) && !letters.has(code) && !signs.includes(String.fromCodePoint(code)));
  if (odd !== undefined) return `expected letters, digits 0 to 9, ${inWords}, got ${named(odd)}${instead(odd)}`;
  if (name.startsWith(' ') || name.endsWith(' ') || name.includes('  ')) {
    return 'expected single spaces, and none at either end';
  }
  if (!codes.some((code) => letters.get(code)?.isMark === false || isDigit(code))) return 'expected a letter';
  // isComposed knows only the composites of the alphabet.
  if (!isComposed(codes)) return 'expected Unicode normal form C';
  if (hasWildMarks(codes)) {
    return `expected marks on letters only, at most ${MAX_MARKS} on each, accents first and at most ${MAX_ACCENTS}, at most one vowel sign, each once`;
  }
  const scripts = scriptsOf(codes);
  if (scripts === null) return 'expected letters of one script: write the name in one alphabet';
  if (scripts.some((script) => RIGHT_TO_LEFT.includes(script)) && codes.some(isDigit)) {
    return 'expected no digits in a name that is written from right to left';
  }
  return null;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function signs(all: string, advice: string): readonly (readonly [number, string])[] {
  return codePoints(all).map((code) => [code, advice]);
}

function instead(code: number): string {
  const advice = INSTEAD.get(code);
  return advice === undefined ? '' : `: ${advice}`;
}

function named(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

function hasWildMarks(codes: readonly number[]): boolean {
  let marks: readonly number[] | null = null;
  for (const code of codes) {
    const letter = letters.get(code);
    if (letter?.isMark !== true) marks = letter === undefined ? null : [];
    else if (marks === null || marks.includes(code) || marks.length >= maxMarks(code)) return true;
    else if (isVowelSign(code) && marks.some(isVowelSign)) return true;
    else marks = [...marks, code];
  }
  return false;
}

function isVowelSign(code: number): boolean {
  return VOWEL_SIGN.test(String.fromCodePoint(code));
}

function maxMarks(code: number): number {
  if ((code >= 0x300 && code <= 0x36f) || (code >= 0x1ab0 && code <= 0x1dff)) return MAX_ACCENTS;
  return code >= 0x1000 && code <= 0x109f ? MAX_MARKS_MYANMAR : MAX_MARKS;
}

/** The scripts that all letters share. Null where they share none; empty where no letter has a script. */
function scriptsOf(codes: readonly number[]): readonly string[] | null {
  let common: readonly string[] | null = null;
  for (const code of codes) {
    const scripts = letters.get(code)?.scripts ?? null;
    if (scripts === null) continue;
    common = common === null ? scripts : common.filter((script) => scripts.includes(script));
    if (common.length === 0) return null;
  }
  return common ?? [];
}
