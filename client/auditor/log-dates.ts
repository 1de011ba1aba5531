import { List, Set as PersistentSet } from 'immutable';
import type { Hex } from '../../src/core/bytes.ts';
import type { Entry, EntryOf } from '../../src/core/log/entry.ts';
import { committeeInForce } from '../../src/core/state/committees.ts';
import { MAX_SKEW_MS } from '../../src/core/state/judgement.ts';
import { hasTakenEffect } from '../../src/core/state/lifecycle.ts';
import type { Facts, Proposal } from '../../src/core/state/state.ts';

/** An entry of the vault alone that is dated later than what custodians sign after it. */
interface Ahead {
  readonly index: number;
  readonly time: number;
  /** Who has signed an earlier time over a log that holds it. */
  readonly persons: PersistentSet<Hex>;
  /** The latest of those times. */
  readonly signedMs: number;
}

/** How the entries of a log are dated, kept entry by entry: it is judged at the end (log-clock.ts). */
export interface LogDates {
  /** Of every entry. */
  readonly times: List<number>;
  /** Approvals and releases, votes on corrections of the log's clock left out. */
  readonly acts: PersistentSet<number>;
  /** Where a correction took effect, and what the log's clock has been since. */
  readonly corrections: List<{ readonly index: number; readonly attestedMs: number }>;
  /**
   * Entries of the vault alone that a threshold of custodians has shown to be dated ahead. One of any such number is
   * honest, and saw the entry in the log at an earlier time.
   */
  readonly wrong: List<{ readonly index: number; readonly aheadMs: number }>;
  /** Those that may still be shown to be. */
  readonly ahead: List<Ahead>;
}

export const NO_DATES: LogDates = {
  times: List(),
  acts: PersistentSet(),
  corrections: List(),
  wrong: List(),
  ahead: List(),
};

/** `facts` are those after the entry. */
export function withDatesOf(dates: LogDates, entry: Entry, facts: Facts): LogDates {
  const { index, time } = entry;
  const correction = correctionOf(entry, facts);
  const isAct = (entry.kind === 'approval' && correction === null) || entry.kind === 'release';
  const next: LogDates = {
    ...dates,
    times: dates.times.push(time),
    acts: isAct ? dates.acts.add(index) : dates.acts,
    corrections:
      correction !== null && hasTakenEffect(correction)
        ? dates.corrections.push({ index, attestedMs: facts.attestedMs })
        : dates.corrections,
  };
  if (entry.kind === 'approval') return witnessed(next, entry, committeeInForce(facts).threshold);
  // A release that is dated ahead is in force for longer: it stays a question.
  if (entry.kind === 'release' || isOfACustodian(entry)) return next;
  return { ...next, ahead: next.ahead.push({ index, time, persons: PersistentSet(), signedMs: 0 }) };
}

/** The correction of the log's clock that an entry is a vote on, or null. */
function correctionOf({ kind, body }: Entry, { proposals }: Facts): Proposal | null {
  const proposal = kind === 'approval' ? proposals.get(body.proposal) : undefined;
  return proposal?.statement.kind === 'clock' ? proposal : null;
}

function isOfACustodian({ kind, body }: Entry): boolean {
  if (kind !== 'proposal') return false;
  const { proposer } = body.statement as { proposer?: { kind?: unknown } };
  return proposer?.kind === 'custodian';
}

/** A decision names the log as its person saw it, and when: what that log held was recorded before. */
function witnessed(dates: LogDates, { body }: EntryOf<'approval'>, threshold: number): LogDates {
  const { person, checkpoint, time: signedMs } = body;
  const ahead = dates.ahead
    // What is not later than the signature is dated as it may be.
    .filter(({ time }) => time > signedMs + MAX_SKEW_MS)
    .map((one) => (one.index < checkpoint.size ? shownBy(one, person, signedMs) : one));
  const isShown = ({ persons }: Ahead) => persons.size >= threshold;
  const wrong = ahead.filter(isShown).map(({ index, time, signedMs }) => ({ index, aheadMs: time - signedMs }));
  return { ...dates, ahead: ahead.filterNot(isShown), wrong: dates.wrong.concat(wrong) };
}

function shownBy(one: Ahead, person: Hex, signedMs: number): Ahead {
  return { ...one, persons: one.persons.add(person), signedMs: Math.max(one.signedMs, signedMs) };
}
