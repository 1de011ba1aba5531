/** A piece of a text as it is shown: the text itself, or the code points of characters that a reader would not see. */
export interface Piece {
  readonly text: string;
  readonly isEscape: boolean;
}

/** A space that stands alone between other characters is seen; so is every other printable character of ASCII. */
const PLAIN = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/;
/**
 * Shows as nothing (U+2D7F, U+1107F and U+16FE4 inside words of their scripts), as a space, as the box that stands for
 * every character that the fonts do not have, or as an escape does on a terminal: its brackets, U+27E8 and U+27E9.
 */
const UNSEEN = /[\p{C}\p{Z}\p{DI}\u27e8\u27e9\u2800\u2d7f\ufffc\u{1107f}\u{13441}\u{13442}\u{16fe4}\u{1d159}]/u;
const MARK = /\p{M}/u;
/** Goes with letters of more than one script. */
const ACCENT = /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]/;
/** More marks on one character grow over the lines above and below it; as core/name/name.ts has them. */
const MARKS_MAX = 4;
/** Marks of Burmese stand beside their letter too. */
const MYANMAR = /[\u1000-\u109f]/;
const MARKS_MAX_MYANMAR = 5;
const ACCENTS_MAX = 2;

/**
 * Attacker-controlled text, whole, so that two texts that differ never look the same for what is not seen in them:
 * controls, white space but for single spaces, what is not in NFC, and marks that pile up are shown by their code
 * points. Letters of two scripts that look alike are not told apart.
 */
export function visiblePieces(text: string): readonly Piece[] {
  if (PLAIN.test(text)) return [{ text, isEscape: false }];
  const characters = [...text];
  const isComposed = text.isWellFormed() && text.normalize('NFC') === text;
  const pieces: Piece[] = [];
  let plain = '';
  let marks = 0;
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] ?? '';
    marks = MARK.test(character) ? marks + 1 : 0;
    const marksMax = marksMaxOf(character);
    const isStrange = isComposed ? marks > marksMax || (marks > 0 && i === 0) : !/[\x20-\x7e]/.test(character);
    if (!isStrange && isSeen(characters, i)) {
      plain += character;
      continue;
    }
    if (plain !== '') pieces.push({ text: plain, isEscape: false });
    plain = '';
    const run = runOf(characters, i);
    pieces.push({ text: `${codePoint(character)}${run === 1 ? '' : ` × ${run}`}`, isEscape: true });
    i += run - 1;
  }
  return plain === '' ? pieces : [...pieces, { text: plain, isEscape: false }];
}

function marksMaxOf(mark: string): number {
  if (ACCENT.test(mark)) return ACCENTS_MAX;
  return MYANMAR.test(mark) ? MARKS_MAX_MYANMAR : MARKS_MAX;
}

/** The same on one line of a terminal, where escapes have no colour of their own: `a⟨U+00A0⟩b`. */
export function visibleText(text: string): string {
  return visiblePieces(text)
    .map((piece) => (piece.isEscape ? `⟨${piece.text}⟩` : piece.text))
    .join('');
}

function isSeen(characters: readonly string[], i: number): boolean {
  if (characters[i] !== ' ') return !UNSEEN.test(characters[i] ?? '');
  const [before, after] = [characters[i - 1], characters[i + 1]];
  return before !== undefined && after !== undefined && !UNSEEN.test(before) && !UNSEEN.test(after);
}

function runOf(characters: readonly string[], from: number): number {
  let to = from;
  while (characters[to] === characters[from]) to++;
  return to - from;
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
