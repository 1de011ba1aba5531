import type { Code } from '../../../../src/core/errors.ts';
import type { EntryDraft } from '../../../../src/core/log/entry.ts';
import type { Policy } from '../../../../src/core/statement/policy.ts';
import type { Place } from '../../../world/log.ts';
import type { World } from '../../../world/world.ts';

/** An entry that must be refused, and the world that must stay as it was. */
export type Attempt = readonly [world: World, entry: EntryDraft | Uint8Array, place?: Place];

export interface BrokenRule {
  /** What is refused. */
  readonly rule: string;
  readonly code: Code;
  /** The file below src/core that refuses. */
  readonly at: string;
  readonly attempt: () => Promise<Attempt>;
}

export const OTHER = '77'.repeat(32);
export const OTHER_ID = '77'.repeat(16);
export const MINUTE_MS = 60_000;

/** Cases of one file of rules. */
export function rulesAt(at: string) {
  return (code: Code, rule: string, attempt: () => Promise<Attempt>): BrokenRule => ({ rule, code, at, attempt });
}

/** Whom the look-alikes below look like. */
export const ALICE_AND_EMMA = [
  { name: 'Alice Coco', index: 1 },
  { name: 'Emma Ilves', index: 2 },
  { name: 'cleo', index: 3 },
];

/** Names that look like those of others, each written as a person's name may be. */
export const LOOK_ALIKES: readonly (readonly [what: string, name: string])[] = [
  ['another’s name', 'Alice Coco'],
  ['another’s name in small letters', 'alice coco'],
  ['another’s name in Cyrillic letters', '\u0410\u04cf\u0456\u0441\u0435 \u0421\u043e\u0441\u043e'],
  ['another’s name with rn for m', 'Ernma Ilves'],
  ['another’s name with a small l for a capital I', 'Emma llves'],
  ['another’s name with digits for letters', 'Alice C0c0'],
  ['another’s name with a space more', 'Al ice Coco'],
  ['another’s name with a hyphen', 'Alice-Coco'],
  ['another’s name with an accent', 'Alicé Coco'],
  ['another’s name with a stroke through a letter', 'Ałice Coco'],
];

/** What no name has, person's or machine's. */
export const NO_NAMES: readonly (readonly [what: string, name: string])[] = [
  ['a Cyrillic letter among Latin ones', '\u0430lice'],
  ['a Cyrillic letter at the end', 'alic\u0435'],
  ['Latin letters beside Han', '山田 taro'],
  ['an accent apart from its letter', 'Jose\u0301'],
  ['63 marks on a letter', `a${'\u0323\u0331\u0327'.repeat(21)}`],
  ['five marks on a letter', 'x\u0326\u0323\u0331\u0327\u0304'],
  ['the same mark twice on a letter', 'x\u0323\u0323'],
  ['a mark on nothing', '\u0301ana'],
  ['two spaces', 'Al  ice'],
  ['a space at the end', 'alice '],
  ['a space before it', ' alice'],
  ['a space that does not break', 'Al\u00a0ice'],
  ['full-width letters', '\uff41lice'],
  ['mathematical letters', '\u{1d41a}lice'],
  ['phonetic letters', '\u0251lice'],
  ['digits of another script', 'alice\u0661'],
  ['a digit beside a Hebrew letter', '\u05d0\u05d11'],
  ['no letter', '-.’'],
  ['an emoji', 'alice 🙂'],
  ['65 characters', 'a'.repeat(65)],
];

/** Limits that no policy has: one more than each may be at the most. */
export const PAST_BOUNDS: readonly (readonly [what: string, limits: Partial<Policy['limits']>])[] = [
  ['proposals that never end', { proposalMs: Number.MAX_SAFE_INTEGER }],
  ['proposals of more than 90 days', { proposalMs: 90 * 86_400_000 + 1 }],
  ['leases of more than a year', { leaseMs: 366 * 86_400_000 + 1 }],
  ['more hosts than a release names', { hosts: 65 }],
  ['more bytes a release than 2^60', { bytesPerRelease: String((1n << 60n) + 1n) }],
  ['more bytes a day than 2^60', { bytesPerDay: String((1n << 64n) - 1n) }],
];
