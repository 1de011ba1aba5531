import { classOf, codePoints, decompose, inCanonicalOrder } from './normal-form.ts';
import { cases, prototypes } from './tables.ts';

type CodePoints = readonly number[];

/** What people's names are written with or without: a space, an apostrophe, a hyphen, a full stop, a middle dot. */
const SEPARATORS: ReadonlySet<number> = new Set(codePoints(" '’-.·・"));
/** A stroke through a letter, as in ł and ø, is such a mark once its prototype stands for the letter. */
const OVERLAY_CLASS = 1;

/**
 * What a name looks like: two readings, of which two names that look alike have one in common.
 *
 * They are skeletons of UTS 39 (section 4), blind to case besides, and to accents: of the name as it is, where a
 * capital I is an l, and of the name in small letters, where it is an i. `Ilya` looks like `llya` and like `ILYA`.
 * The name must be one that nameFlaw finds nothing wrong with.
 */
export function looksOf(name: string): readonly [string, string] {
  const plain = withoutAccents(decompose(codePoints(name)));
  return [look(fold(skeleton(plain))), look(fold(plain))];
}

/** As looksOf, blind to what is between the parts of a person's name too: `Anne-Marie`, `Anne Marie`, `Annemarie`. */
export function looksOfPerson(name: string): readonly [string, string] {
  const together = codePoints(name).filter((code) => !SEPARATORS.has(code));
  return looksOf(String.fromCodePoint(...together));
}

/** Of the looks of two names, whether one is the other's. */
export function looksAlike(one: readonly string[], other: readonly string[]): boolean {
  return one.some((look) => other.includes(look));
}

/** Equal for whatever a case-insensitive file system could take for the same; both ways, for ß and its like. */
export function caseless(text: string): string {
  // The folder names of thousands of paths, most of them: the same without the tables.
  if (!/[^\0-\x7f]/.test(text)) return text.toLowerCase();
  return String.fromCodePoint(...fold(decompose(codePoints(text))));
}

function fold(codes: CodePoints): CodePoints {
  return inCanonicalOrder(codes.flatMap((code) => cases.get(code) ?? [code]));
}

function look(codes: CodePoints): string {
  return String.fromCodePoint(...skeleton(codes).filter((code) => classOf(code) !== OVERLAY_CLASS));
}

/** UTS 39, 4, of a decomposed text. */
function skeleton(codes: CodePoints): CodePoints {
  return inCanonicalOrder(codes.flatMap((code) => prototypes.get(code) ?? [code]));
}

/** Marks that a name is written with or without: overlays, Hebrew and Arabic points, and what is above or below. */
function withoutAccents(codes: CodePoints): CodePoints {
  return codes.filter((code) => {
    const ownClass = classOf(code);
    return !(ownClass === OVERLAY_CLASS || (ownClass >= 10 && ownClass <= 35) || ownClass >= 200);
  });
}
