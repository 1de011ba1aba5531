import { combiningClasses, composites } from './tables.ts';

type CodePoints = readonly number[];

/** The first combining mark: every text of characters before it is in normal form C. */
const FIRST_MARK = 0x300;

/** The composite of each pair of halves. */
const composed = new Map([...composites].map(([code, [first, second]]) => [`${first} ${second}`, code] as const));

export function codePoints(text: string): CodePoints {
  return Array.from(text, (character) => character.codePointAt(0) as number);
}

/** Normal form D (UAX 15) of characters that names may have. */
export function decompose(codes: CodePoints): CodePoints {
  return inCanonicalOrder(codes.flatMap(parts));
}

function parts(code: number): CodePoints {
  return composites.get(code)?.flatMap(parts) ?? [code];
}

/** Marks on one character, those of the least class first; a character of class 0 ends them. */
export function inCanonicalOrder(codes: CodePoints): CodePoints {
  const ordered: number[] = [];
  let marks: number[] = [];
  const end = () => {
    ordered.push(...marks.sort((a, b) => classOf(a) - classOf(b)));
    marks = [];
  };
  for (const code of codes) {
    if (classOf(code) > 0) marks.push(code);
    else {
      end();
      ordered.push(code);
    }
  }
  end();
  return ordered;
}

/** 0 for what is no mark, and for marks that never change places. */
export function classOf(code: number): number {
  return combiningClasses.get(code) ?? 0;
}

/** Whether a text of the alphabet's characters is in normal form C (UAX 15). */
export function isComposed(codes: CodePoints): boolean {
  if (codes.every((code) => code < FIRST_MARK)) return true;
  const normal = compose(decompose(codes));
  return normal.length === codes.length && normal.every((code, i) => code === codes[i]);
}

/** The canonical composition algorithm of UAX 15: each mark joins its starter unless another of its class is between. */
function compose(codes: CodePoints): CodePoints {
  const out: number[] = [];
  let starter = -1;
  let lastClass = 0;
  for (const code of codes) {
    const ownClass = classOf(code);
    const isNext = starter === out.length - 1;
    const isFree = starter >= 0 && (isNext || (lastClass < ownClass && lastClass > 0));
    const whole = isFree ? composed.get(`${out[starter]} ${code}`) : undefined;
    if (whole !== undefined) {
      out[starter] = whole;
      continue;
    }
    if (ownClass === 0) starter = out.length;
    lastClass = ownClass;
    out.push(code);
  }
  return out;
}
