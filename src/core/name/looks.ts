import { classOf, codePoints, decompose, inCanonicalOrder } from './normal-form.ts';
import { cases, letters, prototypes } from './tables.ts';

type CodePoints = readonly number[];
/** What a part of a name can be read as: one text, or some. */
type Readings = readonly string[];
/** What each part of a name can be read as, in order; names look alike where one reading is of both. */
export type Looks = readonly Readings[];

/** What people's names are written with or without: a space, a hyphen, a full stop, a middle dot. */
const SEPARATORS: ReadonlySet<number> = new Set(codePoints(' -.·・'));
/** So are these, of which the last two are letters; and some letters have what looks like one, as a yod does. */
const APOSTROPHES: ReadonlySet<number> = new Set(codePoints("'’\u02bb\u02bc"));
/** A stroke through a letter, as in ł and ø, is such a mark once its prototype stands for the letter. */
const OVERLAY_CLASS = 1;
/** Of each character that was asked for: names are compared with all that are known. */
const readingsKnown = new Map<number, Readings>();

/**
 * What a name looks like, by UTS 39 (section 4), and blind to case besides, and to accents. A character is read as it
 * is, where a capital I is an l, or in small letters, where it is an i: each for itself, so `Ilya Bill` looks like
 * `llya BiII` and like `ILYA BILL`. The name must be one that personName or thingName takes.
 */
export function looksOf(name: string): Looks {
  return joined(parts(name).map((code) => (isAccent(code) ? withOrWithout(code) : readingsOf(code))));
}

/** As looksOf, blind to what is between the parts of a person's name too: `Anne-Marie`, `Anne Marie`, `Annemarie`. */
export function looksOfPerson(name: string): Looks {
  const codes = parts(name).filter((code) => !SEPARATORS.has(code));
  const isOptional = (code: number) => APOSTROPHES.has(code) || isAccent(code);
  return joined(codes.map((code) => (isOptional(code) ? withOrWithout(code) : readingsOf(code))));
}

function parts(name: string): CodePoints {
  return inOneOrder(decompose(codePoints(name)));
}

/** Equal for names of ASCII without capitals that look alike, and for no others. */
export function looksOfIdentifier(name: string): string {
  return codePoints(name).flatMap(readingsOf).join('');
}

/** Whether two names have a reading in common: from their beginnings on, what one says and the other can say as well. */
export function looksAlike(one: Looks, other: Looks): boolean {
  const seen = new Set<string>();
  const ways: Way[] = [{ ahead: one, read: 0, behind: other, done: 0, lead: '' }];
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    const key = `${way.ahead === one} ${way.read} ${way.done} ${way.lead}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (way.lead === '' && way.read === way.ahead.length && way.done === way.behind.length) return true;
    ways.push(...next(way));
  }
  return false;
}

/** Two names so far: of `ahead` so many parts are read, of `behind` so many, and the first says `lead` more. */
interface Way {
  readonly ahead: Looks;
  readonly read: number;
  readonly behind: Looks;
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

/** Read where a letter of the other name has it in itself: Ɖ looks like a d with a hook, and not like a plain d. */
function withOrWithout(code: number): Readings {
  return ['', ...readingsOf(code)];
}

function readingsOf(code: number): Readings {
  let known = readingsKnown.get(code);
  if (known === undefined) {
    known = [...new Set([settled(skeleton([code])), settled([code])])];
    readingsKnown.set(code, known);
  }
  return known;
}

/** A part that can begin with a mark goes with the one before it: where marks meet, they have an order. */
function joined(parts: Looks): Looks {
  const out: Readings[] = [];
  for (const part of parts) {
    const before = out.at(-1);
    if (before === undefined || !part.some((text) => isMark(text.codePointAt(0)))) out.push(part.map(ordered));
    else out[out.length - 1] = [...new Set(before.flatMap((first) => part.map((second) => ordered(first + second))))];
  }
  return out;
}

/**
 * The marks on each letter in one order, that of what they look like, each once. Unicode orders only those of a class
 * above 0; most marks of India and of South-East Asia have none, and look the same in every order.
 */
function inOneOrder(codes: CodePoints): CodePoints {
  const out: number[] = [];
  for (const code of codes) {
    let at = out.length;
    while (isMark(code) && isMark(out[at - 1]) && lookOf(out[at - 1] as number) >= lookOf(code)) at--;
    const isThere = isMark(code) && at < out.length && lookOf(out[at] as number) === lookOf(code);
    if (!isThere) out.splice(at, 0, code);
  }
  return out;
}

function lookOf(code: number): string {
  return readingsOf(code)[0] as string;
}

function ordered(text: string): string {
  return String.fromCodePoint(...inOneOrder(codePoints(text)));
}

function isMark(code: number | undefined): boolean {
  return code !== undefined && (classOf(code) > 0 || letters.get(code)?.isMark === true);
}

/** Equal for any two texts that a case-insensitive file system could take for the same; both ways, for ß and its like. */
export function caseless(text: string): string {
  // The folder names of thousands of paths, most of them: the same without the tables.
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
