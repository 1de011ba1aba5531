import { durationText } from '../core/duration.ts';
import { must } from '../core/errors.ts';
import { type Entry, type EntryDraft, encodeEntry } from '../core/log/entry.ts';
import type { Grade } from '../core/schema.ts';
import { EMPTY_CHAIN } from '../core/state/chain.ts';
import { correctsTheClock, earliestMs } from '../core/state/entries/time.ts';
import type { Facts, State } from '../core/state/state.ts';

export interface PlacedEntry {
  readonly index: number;
  /** In canonical form. */
  readonly bytes: Uint8Array;
}

/**
 * The draft as the entry that follows `state`, null before genesis; `nowMs` is when, by the vault. Throws as
 * `encodeEntry`, and `clock_skew` where the clock is behind what custodians have attested.
 */
export function place(state: State | null, draft: EntryDraft, nowMs: number): PlacedEntry {
  const { frontier, last } = state?.chain ?? EMPTY_CHAIN;
  const time = state === null ? nowMs : dated(state.facts, draft, nowMs);
  const entry = { v: 1, index: frontier.size, time, prev: last, grade: gradeOf(state, draft), ...draft } as Entry;
  return { index: frontier.size, bytes: encodeEntry(entry) };
}

/**
 * Not refused for a clock that is behind: a stop must work, a deposit may be the work of days, a receipt is given once.
 */
const TAKEN_BY_ANY_CLOCK: ReadonlySet<EntryDraft['kind']> = new Set(['stop', 'deposit', 'receipt']);

/**
 * The time of an entry that is recorded at `nowMs`. A stop, a deposit and a receipt take the earliest time that the
 * fold allows where the clock is behind it. Throws `clock_skew` for what else would be dated before what custodians have
 * attested.
 */
function dated(facts: Facts, draft: EntryDraft, nowMs: number): number {
  const earliest = earliestMs(facts);
  if (TAKEN_BY_ANY_CLOCK.has(draft.kind)) return Math.max(nowMs, earliest);
  const seconds = Math.round((facts.attestedMs - nowMs) / 1000);
  must(
    nowMs >= earliest || correctsTheClock(facts, draft),
    'clock_skew',
    `the vault’s clock is ${durationText(facts.attestedMs - nowMs)} behind the latest time that a custodian has signed: set it; or, where the custodian’s was wrong, propose to set the log’s clock back`,
    { seconds },
  );
  return nowMs;
}

/** The vault's grade; before there is a vault, that of the genesis which founds it. */
function gradeOf(state: State | null, draft: EntryDraft): Grade {
  if (state !== null) return state.facts.genesis.grade;
  return draft.kind === 'genesis' && draft.body.statement['grade'] === 'simulation' ? 'simulation' : 'production';
}
