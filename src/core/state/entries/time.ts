import { must } from '../../errors.ts';
import type { Entry, EntryDraft } from '../../log/entry.ts';
import { MAX_SKEW_MS } from '../judgement.ts';
import type { Facts } from '../state.ts';

/**
 * The log's clock is what custodians have attested: the latest time that one of them signed. What the vault says by
 * itself never moves it, so a wrong clock of the vault leaves nothing behind; and no entry is dated more than five
 * minutes before it, so a vault does not go back to when a statement was still in time.
 */
export function earliestMs({ attestedMs }: Pick<Facts, 'attestedMs'>): number {
  return attestedMs - MAX_SKEW_MS;
}

/**
 * Throws `time_backwards` for an entry that is dated before what custodians have attested; and `clock_skew` for one that
 * would correct the log's clock and is not, so that a clock which is right is never set back.
 */
export function requireSoundDate(facts: Facts, entry: Entry): void {
  const earliest = earliestMs(facts);
  if (correctsTheClock(facts, entry)) {
    must(
      entry.time < earliest,
      'clock_skew',
      `expected a log whose clock is more than 5 minutes ahead of ${entry.time}, got ${facts.attestedMs}: no clock needs to be set back`,
    );
    return;
  }
  must(
    entry.time >= earliest,
    'time_backwards',
    `expected a time of at least ${earliest}, got ${entry.time}: a custodian has signed a later one`,
  );
}

/** Whether a draft belongs to a correction of the log's clock: the proposal of one, or a vote on it. */
export function correctsTheClock(facts: Facts, { kind, body }: EntryDraft): boolean {
  if (kind === 'proposal') return body.statement['kind'] === 'clock';
  return kind === 'approval' && facts.proposals.get(body.proposal)?.statement.kind === 'clock';
}

/** The facts with the time that a custodian signed in this entry, where there is one. */
export function withAttested(facts: Facts, entry: Entry): Facts {
  const ms = signedMs(entry);
  if (ms === null) return facts;
  const attestedAt = correctsTheClock(facts, entry) ? facts.attestedAt : entry.index;
  return { ...facts, attestedMs: Math.max(facts.attestedMs, ms), attestedAt };
}

function signedMs({ kind, body }: Entry): number | null {
  if (kind === 'approval') return body.time;
  if (kind !== 'proposal') return null;
  const { proposer, created } = body.statement as { proposer?: { kind?: unknown }; created?: unknown };
  return proposer?.kind === 'custodian' ? Number(created) : null;
}
