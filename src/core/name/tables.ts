import { CASES, COMBINING_CLASSES, COMPOSITES, LETTERS, PROTOTYPES, SCRIPT_SETS } from './unicode.ts';

/**
 * The Unicode data for the rules of names: the same version in every engine, and it never changes. An engine's own data
 * change with its version, and a rule of the fold must not.
 */

/** The alphabet's scripts; null where the character goes with every script. */
interface Letter {
  readonly scripts: readonly string[] | null;
  readonly isMark: boolean;
}

const numbers = (text: string, between: string) => text.split(between).map((digits) => Number.parseInt(digits, 36));

/** "gap length value …" by code point. */
function runs<T>(text: string, of: (value: number) => T): ReadonlyMap<number, T> {
  const values = new Map<number, T>();
  const fields = numbers(text, ' ');
  let code = 0;
  for (let i = 0; i < fields.length; i += 3) {
    const [gap, length, field] = fields.slice(i, i + 3) as [number, number, number];
    code += gap;
    const value = of(field);
    for (const end = code + length; code < end; code++) values.set(code, value);
  }
  return values;
}

/** "gap characters …" by code point. */
function mapping(text: string): ReadonlyMap<number, readonly number[]> {
  const values = new Map<number, readonly number[]>();
  const fields = text.split(' ');
  let code = 0;
  for (let i = 0; i < fields.length; i += 2) {
    code += Number.parseInt(fields[i] as string, 36);
    values.set(code, numbers(fields[i + 1] as string, '.'));
  }
  return values;
}

const scriptSets = SCRIPT_SETS.split(' ').map((set) => (set === '*' ? null : set.split('+')));

export const letters = runs(
  LETTERS,
  (field): Letter => ({ scripts: scriptSets[field >> 1] ?? null, isMark: (field & 1) === 1 }),
);
export const combiningClasses = runs(COMBINING_CLASSES, (value) => value);
/** The two halves of each canonical composite, but for syllables of Hangul, which are left whole. */
export const composites = mapping(COMPOSITES);
export const cases = mapping(CASES);
export const prototypes = mapping(PROTOTYPES);
