import { List, Set as PersistentSet } from 'immutable';
import type { Hex } from '../../src/core/bytes.ts';
import type { Entry, EntryOf } from '../../src/core/log/entry.ts';
import { committeeInForce } from '../../src/core/state/committees.ts';
import { MAX_SKEW_MS } from '../../src/core/state/judgement.ts';
import { hasTakenEffect } from '../../src/core/state/lifecycle.ts';
import type { Facts, Proposal } from '../../src/core/state/state.ts';
import { type Dated, type LogClock, NO_CLOCK, withDate, withWrong } from './log-clock.ts';

/** Persons who have signed a time before an entry's own, over a log that holds the entry. */
interface Witnesses {
  readonly persons: PersistentSet<Hex>;
  /** The latest of those times. */
  readonly signedMs: number;
}

/** An entry whose date is not judged yet. */
interface Unjudged extends Dated {
  /**
   * Not null for an entry of the vault alone, while custodians may still show that it is dated ahead: a threshold of them
   * does. One of any such number is honest, and saw the entry in the log at an earlier time.
   */
  readonly witnesses: Witnesses | null;
  /** They have shown it. */
  readonly isWrong: boolean;
}

/**
 * How the entries of a log are dated. It grows with the entries since the first one that may still be shown to be dated
 * ahead, not with the log: a decision that is signed after such an entry's time settles it.
 */
export interface LogDates {
  readonly judged: LogClock;
  /** Entries in the order of the log. The first one has witnesses that are not null. */
  readonly unjudged: List<Unjudged>;
}

export const NO_DATES: LogDates = { judged: NO_CLOCK, unjudged: List() };

/** `facts` are those after the entry. */
export function withDatesOf({ judged, unjudged }: LogDates, entry: Entry, facts: Facts): LogDates {
  const { index, time } = entry;
  const correction = correctionOf(entry, facts);
  const next: Unjudged = {
    index,
    time,
    isAct: (entry.kind === 'approval' && correction === null) || entry.kind === 'release',
    correctedMs: correction !== null && hasTakenEffect(correction) ? facts.attestedMs : null,
    // A release that is dated ahead is in force for longer: it stays a question.
    witnesses: isOfTheVault(entry) ? { persons: PersistentSet(), signedMs: 0 } : null,
    isWrong: false,
  };
  const dates = { judged, unjudged: unjudged.push(next) };
  return settled(entry.kind === 'approval' ? witnessed(dates, entry, committeeInForce(facts).threshold) : dates);
}

/** The log's clock by all entries, those included that are not judged yet. */
export function clockOf({ judged, unjudged }: LogDates): LogClock {
  return unjudged.reduce(withUnlessWrong, judged);
}

/** Judges what comes before the first entry that may still be shown to be dated ahead. */
function settled({ judged, unjudged }: LogDates): LogDates {
  const first = unjudged.findIndex(({ witnesses }) => witnesses !== null);
  const end = first === -1 ? unjudged.size : first;
  if (end === 0) return { judged, unjudged };
  return { judged: unjudged.slice(0, end).reduce(withUnlessWrong, judged), unjudged: unjudged.slice(end) };
}

function withUnlessWrong(clock: LogClock, one: Unjudged): LogClock {
  return one.isWrong ? clock : withDate(clock, one);
}

/** The correction of the log's clock that an entry is a vote on, or null. */
function correctionOf({ kind, body }: Entry, { proposals }: Facts): Proposal | null {
  const proposal = kind === 'approval' ? proposals.get(body.proposal) : undefined;
  return proposal?.statement.kind === 'clock' ? proposal : null;
}

function isOfTheVault(entry: Entry): boolean {
  return entry.kind !== 'approval' && entry.kind !== 'release' && !isOfACustodian(entry);
}

function isOfACustodian({ kind, body }: Entry): boolean {
  if (kind !== 'proposal') return false;
  const { proposer } = body.statement as { proposer?: { kind?: unknown } };
  return proposer?.kind === 'custodian';
}

/** A decision names the log as its person saw it, and when: what that log held was recorded before. */
function witnessed({ judged, unjudged }: LogDates, { body }: EntryOf<'approval'>, threshold: number): LogDates {
  const { person, checkpoint, time: signedMs } = body;
  let clock = judged;
  const next = unjudged.map((one) => {
    if (one.witnesses === null) return one;
    // What is not later than the signature is dated as it may be.
    if (one.time <= signedMs + MAX_SKEW_MS) return { ...one, witnesses: null };
    if (one.index >= checkpoint.size) return one;
    const witnesses = withWitness(one.witnesses, person, signedMs);
    if (witnesses.persons.size < threshold) return { ...one, witnesses };
    clock = withWrong(clock, one.index, one.time - witnesses.signedMs);
    return { ...one, witnesses: null, isWrong: true };
  });
  return { judged: clock, unjudged: next };
}

function withWitness({ persons, signedMs }: Witnesses, person: Hex, time: number): Witnesses {
  return { persons: persons.add(person), signedMs: Math.max(signedMs, time) };
}
