import { classOf, codePoints, decompose, inCanonicalOrder } from './normal-form.ts';
import { cases, letters, prototypes } from './tables.ts';

type CodePoints = readonly number[];
/** All texts that a reader can take a part of a name for: one or more. */
type Readings = readonly string[];
/** The readings of each part of a name, in order. Two names look alike if they share a reading. */
type ReadingParts = readonly Readings[];
/** The readings with marks and without. Most names differ without marks already, and such readings are few. */
export interface Looks {
  readonly marked: ReadingParts;
  readonly bare: ReadingParts;
}

/**
 * The limit of ways (FORMAT.md) for all comparisons of a list, or of one name with all known names: about one second of
 * work. Only names that begin alike and have many readings need so many.
 */
const MAX_WAYS = 1_000_000;

/** How many ways the comparisons of one list may still try. */
export interface ComparisonBudget {
  waysLeft: number;
}

/** Signs that people sometimes leave out of a person's name: a space, a hyphen, a full stop, a middle dot. */
const SEPARATORS: ReadonlySet<number> = new Set(codePoints(' -.·・'));
/**
 * People sometimes leave these out too. The last two are letters. Some other letters look like an apostrophe, a yod for
 * example.
 */
const APOSTROPHES: ReadonlySet<number> = new Set(codePoints("'’\u02bb\u02bc"));
/** Parts of vowel signs, which vowel signs can look like. No name has these marks alone. */
const MARKS_BESIDES: ReadonlySet<number> = new Set([
  ...[0x09d7, 0x0b57, 0x0bd7, 0x0cd5, 0x0cd6, 0x0ddf],
  ...[0x11b62, 0x11b63, 0x11b64],
]);
/** The class of a stroke through a letter, as in ł and ø. It is a mark once the prototype has replaced the letter. */
const OVERLAY_CLASS = 1;
/** Readings by character, computed once: each name is compared with all known names. */
const readingsKnown = new Map<number, Readings>();
/** Readings by letter without marks, computed once: most letters have no marks. */
const lettersKnown = new Map<number, Readings>();

/**
 * The looks of a name by UTS 39 (section 4), without case and accents. A character is read as it
 * is, where a capital I is an l, or in small letters, where it is an i: each for itself, so `Ilya Bill` looks like
 * `llya BiII` and like `ILYA BILL`. The name must be one that personName or thingName takes.
 */
export function looksOf(name: string): Looks {
  return joined(lettersOf(parts(name)).map(readingsOfLetter));
}

/**
 * The same as looksOf, without the signs between the parts of a person's name: `Anne-Marie`, `Anne Marie`, `Annemarie`.
 */
export function looksOfPerson(name: string): Looks {
  const codes = parts(name).filter((code) => !SEPARATORS.has(code));
  const isOptional = ([code]: CodePoints) => APOSTROPHES.has(code as number);
  return joined(
    lettersOf(codes).map((letter) =>
      isOptional(letter) ? ['', ...readingsOfLetter(letter)] : readingsOfLetter(letter),
    ),
  );
}

function parts(name: string): CodePoints {
  return inOneOrder(decompose(codePoints(name)));
}

/** Returns equal texts for lower-case ASCII names that look alike, and different texts for all others. */
export function looksOfIdentifier(name: string): string {
  return codePoints(name).flatMap(readingsOf).join('');
}

/** A new budget for one list of names. */
export function newEffort(): ComparisonBudget {
  return { waysLeft: MAX_WAYS };
}

/**
 * Whether two names (attacker-controlled) have a reading in common: from their beginnings on, what one says and the
 * other can say as well. Once the effort is spent, true: names that so many readings do not tell apart are too alike.
 */
export function looksAlike(one: Looks, other: Looks, effort: ComparisonBudget): boolean {
  return haveACommonReading(one.bare, other.bare, effort) && haveACommonReading(one.marked, other.marked, effort);
}

function haveACommonReading(one: ReadingParts, other: ReadingParts, effort: ComparisonBudget): boolean {
  if (!canEndAlike(one.at(-1), other.at(-1))) return false;
  const seen = new Set<string>();
  const ways: Way[] = [{ ahead: one, read: 0, behind: other, done: 0, lead: '' }];
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    if (way.lead === '' && way.read === way.ahead.length && way.done === way.behind.length) return true;
    effort.waysLeft -= 1;
    if (effort.waysLeft < 0) return true;
    for (const longer of next(way)) {
      const key = `${longer.ahead === one} ${longer.read} ${longer.done} ${longer.lead}`;
      if (!seen.has(key)) ways.push(longer);
      seen.add(key);
    }
  }
  return false;
}

/**
 * Whether two parts can have the same end. Many names of a list have the same beginning and end in their own number.
 */
function canEndAlike(one: Readings = [''], other: Readings = ['']): boolean {
  return one.some((a) => other.some((b) => a.endsWith(b) || b.endsWith(a)));
}

/** One way to read two names so far: how many parts of each are read, and the text `lead` that `ahead` has more. */
interface Way {
  readonly ahead: ReadingParts;
  readonly read: number;
  readonly behind: ReadingParts;
  readonly done: number;
  readonly lead: string;
}

function next({ ahead, read, behind, done, lead }: Way): readonly Way[] {
  const readings = behind[done];
  if (readings === undefined) {
    return lead === '' ? [{ ahead: behind, read: done, behind: ahead, done: read, lead }] : [];
  }
  return readings.flatMap((text): readonly Way[] => {
    if (lead.startsWith(text)) return [{ ahead, read, behind, done: done + 1, lead: lead.slice(text.length) }];
    if (!text.startsWith(lead)) return [];
    return [{ ahead: behind, read: done + 1, behind: ahead, done: read, lead: text.slice(lead.length) }];
  });
}

/** Splits a name into letters, each with its marks. */
function lettersOf(codes: CodePoints): readonly CodePoints[] {
  const out: number[][] = [];
  for (const code of codes) {
    const letter = out.at(-1);
    if (letter !== undefined && isMark(code)) letter.push(code);
    else out.push([code]);
  }
  return out;
}

/**
 * With all of its accents, with one of them, and with none. An accent is read where a letter of the other name has it
 * in itself: Ɖ looks like a d with a hook, and not like a plain d.
 */
function readingsOfLetter(codes: CodePoints): Readings {
  const [alone] = codes.length === 1 ? codes : [];
  if (alone === undefined) return readingsWithMarks(codes);
  const known = lettersKnown.get(alone) ?? readingsWithMarks(codes);
  lettersKnown.set(alone, known);
  return known;
}

function readingsWithMarks(codes: CodePoints): Readings {
  const accents = codes.filter(isAccent).map(readingsOf);
  const letter = product(codes.filter((code) => !isAccent(code)).map(readingsOf));
  return product([letter, ['', ...accents.flat(), ...product(accents)]]);
}

/** All texts that take one reading of each part, in order; marks are sorted. */
function product(parts: ReadingParts): Readings {
  const texts = parts.reduce((before, part) => before.flatMap((text) => part.map((next) => text + next)), ['']);
  return [...new Set(texts.map(ordered))];
}

function readingsOf(code: number): Readings {
  let known = readingsKnown.get(code);
  if (known === undefined) {
    known = [...new Set([settled(skeleton([code])), settled([code])])];
    readingsKnown.set(code, known);
  }
  return known;
}

/** Joins a letter that can begin with a mark, as the Thai am does, to the letter before it. */
function joined(letters: ReadingParts): Looks {
  const out: Readings[] = [];
  for (const letter of letters) {
    const before = out.at(-1);
    if (before === undefined || !letter.some((text) => isMark(text.codePointAt(0)))) out.push(letter);
    else out[out.length - 1] = product([before, letter]);
  }
  return { marked: merged(out), bare: merged(out.map((texts) => [...new Set(texts.map(withoutMarks))])) };
}

function withoutMarks(text: string): string {
  return String.fromCodePoint(...codePoints(text).filter((code) => !isMark(code)));
}

/**
 * Merges neighbours that have one reading each into one part. Most names become a single part, so comparing is fast.
 */
function merged(parts: ReadingParts): ReadingParts {
  const out: Readings[] = [];
  for (const part of parts) {
    const before = out.at(-1);
    if (before?.length === 1 && part.length === 1) out[out.length - 1] = [`${before[0]}${part[0]}`];
    else out.push(part);
  }
  return out;
}

/**
 * The marks on each letter in one order, that of what they look like, each once. Unicode orders only those of a class
 * above 0; most marks of India and of South-East Asia have none, and look the same in every order. A mark that looks
 * like a letter, as a Telugu anusvara does, stays where it is, with the marks before and after it.
 */
function inOneOrder(codes: CodePoints): CodePoints {
  const out: number[] = [];
  for (const code of codes) {
    let at = out.length;
    while (isMovable(code) && isMovable(out[at - 1]) && lookOf(out[at - 1] as number) >= lookOf(code)) at--;
    const isThere = isMovable(code) && at < out.length && lookOf(out[at] as number) === lookOf(code);
    if (!isThere) out.splice(at, 0, code);
  }
  return out;
}

function isMovable(code: number | undefined): boolean {
  return code !== undefined && isMark(code) && codePoints(lookOf(code)).every(isMark);
}

function lookOf(code: number): string {
  return readingsOf(code)[0] as string;
}

function ordered(text: string): string {
  return String.fromCodePoint(...inOneOrder(codePoints(text)));
}

/** Whether the character is a mark of names, or a mark that names look like. */
export function isMark(code: number | undefined): boolean {
  return code !== undefined && (classOf(code) > 0 || letters.get(code)?.isMark === true || MARKS_BESIDES.has(code));
}

/** Returns equal texts for two names that a case-insensitive file system could confuse, letters such as ß included. */
export function caseless(text: string): string {
  // A fast path for ASCII, which most of thousands of folder names are: the tables give the same.
  if (!/[^\0-\x7f]/.test(text)) return text.toLowerCase();
  return String.fromCodePoint(...fold(decompose(codePoints(text))));
}

function fold(codes: CodePoints): CodePoints {
  return inCanonicalOrder(codes.flatMap((code) => cases.get(code) ?? [code]));
}

/** A skeleton in small letters whose skeleton is itself. */
function settled(codes: CodePoints): string {
  const once = skeleton(fold(codes));
  return String.fromCodePoint(...skeleton(fold(once)).filter((code) => classOf(code) !== OVERLAY_CLASS));
}

/** UTS 39, 4, of a decomposed text. */
function skeleton(codes: CodePoints): CodePoints {
  return inCanonicalOrder(codes.flatMap((code) => prototypes.get(code) ?? [code]));
}

/** A mark that a name is written with or without: overlays, Hebrew and Arabic points, and what is above or below. */
function isAccent(code: number): boolean {
  const ownClass = classOf(code);
  return ownClass === OVERLAY_CLASS || (ownClass >= 10 && ownClass <= 35) || ownClass >= 200;
}
