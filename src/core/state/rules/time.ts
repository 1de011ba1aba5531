import { must } from '../../errors.ts';
import type { Draft, Entry } from '../../log/entry.ts';
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

/** Throws `time_backwards` for an entry that is dated before what custodians have attested. */
export function requireSoundDate(facts: Facts, entry: Entry): void {
  const earliest = earliestMs(facts);
  must(
    entry.time >= earliest || correctsTheClock(facts, entry),
    'time_backwards',
    `entry ${entry.index}: expected a time of at least ${earliest}, got ${entry.time}: custodians have attested a later one`,
  );
}

/** Whether a draft is a step of the way back: a proposal that would correct the log's clock, or a vote on one. */
export function correctsTheClock(facts: Facts, { kind, body }: Draft): boolean {
  if (kind === 'proposal') return body.statement['kind'] === 'clock';
  return kind === 'approval' && facts.proposals.get(body.proposal)?.statement.kind === 'clock';
}

/** The facts with the time that a custodian signed in this entry, where there is one. */
export function withAttested(facts: Facts, entry: Entry): Facts {
  const attestedMs = Math.max(facts.attestedMs, signedMs(entry));
  return attestedMs === facts.attestedMs ? facts : { ...facts, attestedMs };
}

function signedMs({ kind, body }: Entry): number {
  if (kind === 'approval') return body.time;
  if (kind !== 'proposal') return 0;
  const { proposer, created } = body.statement as { proposer?: { kind?: unknown }; created?: unknown };
  return proposer?.kind === 'custodian' ? Number(created) : 0;
}
