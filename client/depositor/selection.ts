import { must } from '../../src/core/errors.ts';

/**
 * Which files of a folder are deposited.
 *
 * A pattern without a slash is compared with every name on a path, one with a slash with the path from the folder on;
 * a slash at its beginning only says so, and one at its end says nothing. `*` stands for any characters of a name, none
 * included, also a dot at the beginning; `?` for one; `**` between slashes for any number of folders. A pattern that
 * matches a folder matches all in it. Nothing else is special, and case counts.
 */
export interface Patterns {
  /** Only what one of these matches; everything where there are none. */
  readonly include: readonly string[];
  /** A path that matches one of these is left out, also if it is included. */
  readonly exclude: readonly string[];
}

/** Files that other programs leave in a folder, and files that are of no use to a host. */
const CLUTTER = [
  '.git',
  '.hg',
  '.svn',
  '**/.cache/huggingface',
  '__pycache__',
  '.ipynb_checkpoints',
  '.DS_Store',
  '._*',
  '.Spotlight-V100',
  '.Trashes',
  '.fseventsd',
  'Thumbs.db',
  'desktop.ini',
  'lost+found',
  '.nfs*',
  // Editors: locks, swap files, backups.
  '.#*',
  '#*#',
  '.*.sw?',
  '*~',
] as const;

const ANY_FOLDERS = '**';
const ANY_CHARACTERS = '*';
const ANY_CHARACTER = '?';

type Verdict = 'taken' | 'clutter' | 'excluded';

/** Judges paths by patterns, and knows which of the patterns have matched one. */
export class Selection {
  readonly #include: readonly Pattern[];
  readonly #exclude: readonly Pattern[];
  /** Each with the patterns that ask for it: those that have its name in them. */
  readonly #clutter: readonly { readonly pattern: Pattern; readonly asked: readonly Pattern[] }[];

  constructor({ include, exclude }: Patterns) {
    this.#include = include.map((text) => new Pattern(text, '--include'));
    this.#exclude = exclude.map((text) => new Pattern(text, '--exclude'));
    this.#clutter = CLUTTER.map((text) => {
      const pattern = new Pattern(text, '');
      return { pattern, asked: this.#include.filter(({ text: path }) => pattern.matches(path)) };
    });
  }

  /** Says whether to look into a folder. */
  folder(path: string): Verdict {
    return this.#leftOut(path, (asked) => asked.length === 0) ?? 'taken';
  }

  file(path: string): Verdict {
    const leftOut = this.#leftOut(path, (asked) => !matched(asked, path));
    if (leftOut !== null) return leftOut;
    return this.#include.length === 0 || matched(this.#include, path) ? 'taken' : 'excluded';
  }

  /** Throws `usage` for a pattern that has matched nothing: it is misspelt, or was meant for another folder. */
  requireAllUsed(): void {
    const unused = [...this.#include, ...this.#exclude].filter(({ isUsed }) => !isUsed);
    const named = unused.map(({ flag, text }) => `${flag} ${JSON.stringify(text)}`).join(', ');
    must(
      unused.length === 0,
      'usage',
      `${named}: no file or folder matches, apart from what is left out by itself: --dry-run without patterns lists the names`,
    );
  }

  #leftOut(path: string, isUnasked: (asked: readonly Pattern[]) => boolean): 'clutter' | 'excluded' | null {
    if (matched(this.#exclude, path)) return 'excluded';
    return this.#clutter.some(({ pattern, asked }) => pattern.matches(path) && isUnasked(asked)) ? 'clutter' : null;
  }
}

/** Each pattern is tried: all that match have been of use. */
function matched(patterns: readonly Pattern[], path: string): boolean {
  return patterns.filter((pattern) => pattern.matches(path)).length > 0;
}

class Pattern {
  readonly text: string;
  readonly flag: string;
  isUsed = false;
  readonly #segments: readonly string[];

  constructor(text: string, flag: string) {
    this.text = text;
    this.flag = flag;
    const path = text.replace(/\/+$/, '');
    must(path !== '', 'usage', `${flag} ${JSON.stringify(text)}: expected a pattern`);
    const segments = path.replace(/^\.?\/+/, '').split('/');
    // What is in a folder that matches does too.
    this.#segments = [...(path.includes('/') ? [] : [ANY_FOLDERS]), ...segments, ANY_FOLDERS];
  }

  matches(path: string): boolean {
    const isMatch = matchesRun(this.#segments, path.split('/'), ANY_FOLDERS, matchesName);
    this.isUsed ||= isMatch;
    return isMatch;
  }
}

function matchesName(pattern: string, name: string): boolean {
  if (!pattern.includes(ANY_CHARACTERS) && !pattern.includes(ANY_CHARACTER)) return pattern === name;
  const isOne = (wanted: string, got: string) => wanted === ANY_CHARACTER || wanted === got;
  return matchesRun([...pattern], [...name], ANY_CHARACTERS, isOne);
}

/** Whether `any` can stand for so many items, one or more or none, that all match; at most pattern × items steps. */
function matchesRun(
  pattern: readonly string[],
  items: readonly string[],
  any: string,
  isOne: (wanted: string, got: string) => boolean,
): boolean {
  let at = 0;
  let afterAny = -1;
  let retryFrom = 0;
  for (let i = 0; i < items.length; ) {
    const wanted = pattern[at];
    if (wanted === any) {
      afterAny = ++at;
      retryFrom = i;
    } else if (wanted !== undefined && isOne(wanted, items[i] as string)) {
      at++;
      i++;
    } else if (afterAny !== -1) {
      at = afterAny;
      i = ++retryFrom;
    } else return false;
  }
  return pattern.slice(at).every((wanted) => wanted === any);
}
