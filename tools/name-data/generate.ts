import { readFileSync } from 'node:fs';

/**
 * Prints src/core/name/unicode.ts: what the rules of names (src/core/name/FORMAT.md) take from Unicode, for the
 * characters that a name may have and those that these become. Run by hand:
 *
 *   npm exec -- node tools/name-data/generate.ts IdentifierStatus.txt confusables.txt > src/core/name/unicode.ts
 *
 * The two files are Unicode's own, of UTS 39 at the version below. Scripts, normal forms and case come from the
 * engine that runs this, which must know the same version.
 */
const VERSION = '17.0';
/** Scripts that UTS 39 counts as one writing system with others (section 5.1, augmented script sets). */
const AUGMENTED: Readonly<Record<string, readonly string[]>> = {
  Hani: ['Hanb', 'Jpan', 'Kore'],
  Hira: ['Jpan'],
  Kana: ['Jpan'],
  Hang: ['Kore'],
  Bopo: ['Hanb'],
};
/** The recommended scripts (UAX 31, table 5), by their codes. */
const SCRIPTS = (
  'Arab Armn Beng Bopo Cyrl Deva Ethi Geor Grek Gujr Guru Hang Hani Hebr Hira Kana Khmr Knda Laoo Latn Mlym Mymr Orya ' +
  'Sinh Taml Telu Thaa Thai Tibt'
).split(' ');
const ASIDE = /[\p{Script_Extensions=Zyyy}\p{Nd}]/u;
/**
 * What people are called by besides: the Thai and Lao am, two Lao letters, the Armenian ew and two Japanese variants.
 * UTS 39 leaves them out for what they can be taken for, and here the prototypes say so.
 */
const BESIDES: readonly number[] = [0x0e33, 0x0eb3, 0x0edc, 0x0edd, 0x0587, 0xfa11, 0x20bb7];
/** Marks of Grantha, which Unicode gives to Tamil too: Tamil names do not have them, and fonts neither. */
const isGrantha = (code: number) => code >= 0x11300 && code <= 0x1137f;
/** Of no script by Unicode, but written in those of these: the okina of Hawaiian and Uzbek. */
const OWN_SCRIPTS: ReadonlyMap<number, string> = new Map([[0x02bb, 'Latn']]);
/** Of polytonic Greek, which UTS 39 leaves out: letters that are not another spelling of one letter. */
const isPolytonic = (code: number) =>
  code >= 0x1f00 && code <= 0x1fff && /\p{L}/u.test(text(code)) && text(code).normalize('NFC') === text(code);
/**
 * What looks alike and confusables.txt does not have: the Lao ae as two e, Japanese variants of one character, and what
 * a font draws with the same glyphs (measured in Chromium with Noto Sans: every letter with one mark and with two).
 */
const OWN_PROTOTYPES: ReadonlyMap<number, readonly number[]> = new Map([
  [0x0ec1, [0x0ec0, 0x0ec0]],
  [0x090b, [0x0930, 0x0943]],
  [0x09b0, [0x09ac, 0x09bc]],
  [0x0a5c, [0x0a21, 0x0a3c]],
  [0x0a70, [0x0a02]],
  [0x1009, [0x1025]],
  [0x17c9, [0x17bb]],
  [0x17ca, [0x17bb]],
  [0x9ad9, [0x9ad8]],
  [0xfa11, [0x5d0e]],
  [0x20bb7, [0x5409]],
]);

const lines = (path: string) =>
  readFileSync(path, 'utf8')
    .replace(/^\ufeff/, '')
    .split('\n');
const points = (text: string) => Array.from(text, (character) => character.codePointAt(0) as number);
const text = (...codes: readonly number[]) => String.fromCodePoint(...codes);
const base36 = (value: number) => value.toString(36);

function requireVersion(path: string): void {
  if (!lines(path).some((line) => line.startsWith(`# Version: ${VERSION}`))) throw new Error(`${path}: not ${VERSION}`);
}

/** Letters and marks of the recommended scripts that UTS 39 allows in identifiers, and those besides, ascending. */
function alphabet(path: string): readonly number[] {
  const ranges = lines(path).flatMap((line) => /^([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*; Allowed/.exec(line) ?? []);
  const allowed: number[] = [];
  for (let i = 0; i < ranges.length; i += 3) {
    const first = Number.parseInt(ranges[i + 1] as string, 16);
    const last = Number.parseInt(ranges[i + 2] ?? (ranges[i + 1] as string), 16);
    for (let code = first; code <= last; code++) allowed.push(code);
  }
  const ofAScript = allowed.filter(
    (code) => /[\p{L}\p{M}]/u.test(text(code)) && !ASIDE.test(text(code)) && !isGrantha(code),
  );
  const polytonic = Array.from({ length: 0x100 }, (_, i) => 0x1f00 + i).filter(isPolytonic);
  return [...new Set([...ofAScript, ...BESIDES, ...OWN_SCRIPTS.keys(), ...polytonic])].sort((a, b) => a - b);
}

function scriptsOf(code: number): string {
  const own = OWN_SCRIPTS.get(code);
  if (own !== undefined) return own;
  const all = SCRIPTS.filter((script) => new RegExp(`\\p{Script_Extensions=${script}}`, 'u').test(text(code)));
  const isInherited = /\p{Script_Extensions=Zinh}/u.test(text(code));
  const augmented = [...new Set(all.flatMap((script) => [script, ...(AUGMENTED[script] ?? [])]))].sort();
  // A mark of any script, as most accents are.
  return isInherited ? '*' : augmented.join('+');
}

/** `caseless` of one character: both ways, for ß and its like. */
const folded = (code: number) => text(code).toUpperCase().toLowerCase().normalize('NFD');

/** The class that orders marks, found out by how they are ordered: the engine does not name it. */
function combiningClasses(marks: readonly number[]): ReadonlyMap<number, number> {
  const isBefore = (a: number, b: number) => text(b, a).normalize('NFD') === text(a, b) && a !== b;
  const classes = new Map<number, number>();
  const orders = REPRESENTATIVES.map(([, code]) => code);
  for (const mark of marks) {
    if (text(0x3400, mark, 0x0345).normalize('NFD') === text(0x3400, mark, 0x0345) && !reorders(mark)) continue;
    const below = orders.filter((other) => isBefore(other, mark)).length;
    const equal = orders[below] as number;
    if (equal !== mark && (isBefore(equal, mark) || isBefore(mark, equal))) {
      throw new Error(`no representative of the class of ${mark.toString(16)}`);
    }
    classes.set(mark, (REPRESENTATIVES[below] as readonly [number, number])[0]);
  }
  return classes;
}

/** Whether a mark has a class above 0: then it changes places with a mark of the least or the greatest class. */
function reorders(mark: number): boolean {
  const swaps = (a: number, b: number) => text(a, b).normalize('NFD') !== text(a, b);
  return swaps(mark, 0x0334) || swaps(0x0345, mark);
}

/** One mark of each canonical combining class, ascending (UnicodeData.txt, field 3). */
const REPRESENTATIVES: readonly (readonly [number, number])[] = [
  [1, 0x0334],
  [6, 0x16ff0],
  [7, 0x093c],
  [8, 0x3099],
  [9, 0x094d],
  [10, 0x05b0],
  [11, 0x05b1],
  [12, 0x05b2],
  [13, 0x05b3],
  [14, 0x05b4],
  [15, 0x05b5],
  [16, 0x05b6],
  [17, 0x05b7],
  [18, 0x05b8],
  [19, 0x05b9],
  [20, 0x05bb],
  [21, 0x05bc],
  [22, 0x05bd],
  [23, 0x05bf],
  [24, 0x05c1],
  [25, 0x05c2],
  [26, 0xfb1e],
  [27, 0x064b],
  [28, 0x064c],
  [29, 0x064d],
  [30, 0x064e],
  [31, 0x064f],
  [32, 0x0650],
  [33, 0x0651],
  [34, 0x0652],
  [35, 0x0670],
  [36, 0x0711],
  [84, 0x0c55],
  [91, 0x0c56],
  [103, 0x0e38],
  [107, 0x0e48],
  [118, 0x0eb8],
  [122, 0x0ec8],
  [129, 0x0f71],
  [130, 0x0f72],
  [132, 0x0f74],
  [202, 0x0321],
  [214, 0x1dce],
  [216, 0x031b],
  [218, 0x302a],
  [220, 0x0316],
  [222, 0x059a],
  [224, 0x302e],
  [226, 0x1d16d],
  [228, 0x05ae],
  [230, 0x0300],
  [232, 0x0315],
  [233, 0x035c],
  [234, 0x035d],
  [240, 0x0345],
];

/** The two that a composite is made of, in one step; null for what does not compose. */
function halves(code: number): readonly [number, number] | null {
  const whole = text(code);
  const parts = points(whole.normalize('NFD'));
  // Syllables of Hangul are left whole: no part of one is in the alphabet.
  if (parts.length < 2 || whole.normalize('NFC') !== whole || /\p{Script=Hangul}/u.test(whole)) return null;
  const first = text(...parts.slice(0, -1))
    .normalize('NFC')
    .codePointAt(0) as number;
  const last = parts.at(-1) as number;
  if ((text(first) + text(last)).normalize('NFC') === whole) return [first, last];
  throw new Error(`${code.toString(16)}: no two halves`);
}

/** Runs of neighbours with the same value, as "gap length value", each in base 36. */
function runs(values: ReadonlyMap<number, string>): string {
  const sorted = [...values.keys()].sort((a, b) => a - b);
  const out: string[] = [];
  let end = 0;
  for (let i = 0; i < sorted.length; ) {
    const first = sorted[i] as number;
    const value = values.get(first) as string;
    let length = 1;
    while (sorted[i + length] === first + length && values.get(first + length) === value) length++;
    out.push(`${base36(first - end)} ${base36(length)} ${value}`);
    end = first + length;
    i += length;
  }
  return out.join(' ');
}

/** "gap values…" of each, the values joined by dots. */
function pairs(values: ReadonlyMap<number, readonly number[]>): string {
  let end = 0;
  return [...values.keys()]
    .sort((a, b) => a - b)
    .map((code) => {
      const gap = code - end;
      end = code;
      return `${base36(gap)} ${(values.get(code) as readonly number[]).map(base36).join('.')}`;
    })
    .join(' ');
}

function constant(name: string, doc: string, data: string): string {
  const chunks = data.match(/.{1,112}(?= |$)/g) as readonly string[];
  const body = chunks.map((chunk, i) => `  '${i === 0 ? chunk.trim() : ` ${chunk.trim()}`}'`).join(' +\n');
  return `/** ${doc} */\nexport const ${name} =\n${body};\n`;
}

function main([statusPath, confusablesPath]: readonly string[]): void {
  if (statusPath === undefined || confusablesPath === undefined) throw new Error('which two files?');
  if (process.versions['unicode'] !== VERSION)
    throw new Error(`this engine knows Unicode ${process.versions['unicode']}`);
  requireVersion(statusPath);
  requireVersion(confusablesPath);
  const prototypes = new Map(OWN_PROTOTYPES);
  for (const line of lines(confusablesPath)) {
    const [, source, target] = /^([0-9A-F]+)\s*;\s*([0-9A-F ]+?)\s*;/.exec(line) ?? [];
    if (source === undefined || target === undefined) continue;
    const codes = target.split(' ').map((code) => Number.parseInt(code, 16));
    prototypes.set(Number.parseInt(source, 16), points(text(...codes).normalize('NFD')));
  }
  const letters = alphabet(statusPath);
  const reached = new Set<number>();
  const grow = (codes: readonly number[]) => {
    for (const code of codes) {
      if (reached.has(code)) continue;
      reached.add(code);
      if (/\p{Script=Hangul}/u.test(text(code))) continue;
      grow(points(text(code).normalize('NFD')));
      grow(points(folded(code)));
      grow(prototypes.get(code) ?? []);
    }
  };
  const ASCII = Array.from({ length: 0x7f - 0x20 }, (_, i) => 0x20 + i);
  grow([...letters, ...ASCII, 0xb7, 0x2019, 0x30fb]);
  print(letters, reached, prototypes);
}

function print(
  letters: readonly number[],
  reached: ReadonlySet<number>,
  prototypes: ReadonlyMap<number, readonly number[]>,
): void {
  const sets: string[] = [];
  const alphabetRuns = new Map<number, string>();
  for (const code of letters) {
    const scripts = scriptsOf(code);
    if (!sets.includes(scripts)) sets.push(scripts);
    const isMark = /\p{M}/u.test(text(code));
    alphabetRuns.set(code, base36(2 * sets.indexOf(scripts) + (isMark ? 1 : 0)));
  }
  const composites = new Map<number, readonly number[]>();
  for (let code = 0xa0; code < 0x30000; code++) {
    const parts = code >= 0xd800 && code < 0xe000 ? null : halves(code);
    const isReached = parts !== null && points(text(code).normalize('NFD')).every((part) => reached.has(part));
    if (isReached) composites.set(code, parts);
  }
  const cases = new Map<number, readonly number[]>();
  const confusables = new Map<number, readonly number[]>();
  for (const code of reached) {
    if (text(code).normalize('NFD') !== text(code)) continue;
    if (folded(code) !== text(code)) cases.set(code, points(folded(code)));
    const prototype = prototypes.get(code);
    if (prototype !== undefined) confusables.set(code, prototype);
  }
  const marks = [...reached].filter((code) => /\p{M}/u.test(text(code)) && text(code).normalize('NFD') === text(code));
  const classes = new Map([...combiningClasses(marks)].map(([code, value]) => [code, base36(value)]));
  const parts = [
    `// Printed by tools/name-data/generate.ts out of the data files of Unicode ${VERSION}: not edited by hand.\n` +
      '// Copyright © 1991–2025 Unicode, Inc. Unicode License v3, https://www.unicode.org/license.txt\n',
    constant(
      'SCRIPT_SETS',
      'Script sets as UTS 39, 5.1 augments them, by index; `*` goes with every script.',
      sets.join(' '),
    ),
    constant('LETTERS', 'Letters and marks: "gap length 2·set+isMark", in base 36.', runs(alphabetRuns)),
    constant(
      'COMBINING_CLASSES',
      'Canonical combining classes above 0: "gap length class", in base 36.',
      runs(classes),
    ),
    constant('COMPOSITES', 'Canonical composites: "gap first.second", in base 36.', pairs(composites)),
    constant('CASES', 'What case folding makes of a decomposed character: "gap characters", in base 36.', pairs(cases)),
    constant(
      'PROTOTYPES',
      'Confusables (UTS 39, 4) of decomposed characters: "gap characters", in base 36.',
      pairs(confusables),
    ),
  ];
  process.stdout.write(parts.join('\n'));
}

main(process.argv.slice(2));
