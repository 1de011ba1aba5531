import { Map as PersistentMap } from 'immutable';
import type { Hex } from '../../src/core/bytes.ts';
import type { Entry } from '../../src/core/log/entry.ts';
import { personOf, personText } from '../../src/core/state/checks/persons.ts';
import { committeeOf } from '../../src/core/state/committees.ts';
import { durabilityOf, durabilityText } from '../../src/core/state/custody.ts';
import { isForgetting } from '../../src/core/state/forgetting.ts';
import { endMs, isLeased, isOpen, isPending } from '../../src/core/state/lifecycle.ts';
import type { Overtaking } from '../../src/core/state/overtaking.ts';
import { reachOfStatement } from '../../src/core/state/reach.ts';
import { stopText } from '../../src/core/state/running.ts';
import { overtakenBy, standingOf, standingText } from '../../src/core/state/standing.ts';
import { type Facts, type Proposable, type Proposal, type Version, versionKey } from '../../src/core/state/state.ts';
import { isQuarantined, isReleasable, isWithdrawnVersion } from '../../src/core/state/versions.ts';
import { clockFindings, type LogClock } from './log-clock.ts';
import { clockOf, type LogDates, NO_DATES, withDatesOf } from './log-dates.ts';
import { NO_OUTCOMES, type Outcomes, outcomesOf, sumOfOutcomes } from './outcomes.ts';

/** Counted entry by entry: what leaves no trace in the facts. */
export interface EntryCounts {
  readonly entries: Readonly<Record<string, number>>;
  readonly approvals: number;
  readonly denials: number;
  /** What the vault claims to have turned away, by code: never what a person or a machine has been shown to do. */
  readonly refusalsClaimed: Readonly<Record<string, number>>;
  readonly dates: LogDates;
  /**
   * What the facts knew of proposals before the last entry, and what became of those that they have forgotten since.
   */
  readonly proposals: Facts['proposals'];
  readonly past: Outcomes;
}

export const EMPTY_TALLY: EntryCounts = {
  entries: {},
  approvals: 0,
  denials: 0,
  refusalsClaimed: {},
  dates: NO_DATES,
  proposals: PersistentMap(),
  past: NO_OUTCOMES,
};

/** `facts` are those after the entry. */
export function tallied(tally: EntryCounts, entry: Entry, facts: Facts): EntryCounts {
  const counted = {
    ...tally,
    entries: plus(tally.entries, entry.kind, 1),
    dates: withDatesOf(tally.dates, entry, facts),
    proposals: facts.proposals,
    past: isForgetting(entry.index) ? withForgotten(tally, facts) : tally.past,
  };
  switch (entry.kind) {
    case 'approval':
      return entry.body.decision === 'approve'
        ? { ...counted, approvals: tally.approvals + 1 }
        : { ...counted, denials: tally.denials + 1 };
    case 'refusal':
      return { ...counted, refusalsClaimed: plus(tally.refusalsClaimed, entry.body.code, entry.body.count) };
    default:
      return counted;
  }
}

/**
 * With the proposals that the facts knew before the entry, and do not know after it: how they stand no clock changes.
 */
function withForgotten({ proposals, past }: EntryCounts, facts: Facts): Outcomes {
  const forgotten = proposals.filter((_, digest) => !facts.proposals.has(digest));
  return sumOfOutcomes(past, outcomesOf(facts, [...forgotten.values()], 0));
}

/** How many refusals there are, and whose word that is. */
function refusalsText({ refusalsClaimed }: Pick<EntryCounts, 'refusalsClaimed'>): string {
  const count = Object.values(refusalsClaimed).reduce((sum, one) => sum + one, 0);
  if (count === 0) return 'the vault claims no refusals; nothing signed would show one';
  const byCode = Object.entries(refusalsClaimed).map(([code, times]) => `${times} × ${code}`);
  const what =
    count === 1
      ? '1 refusal, the vault’s own claim; nothing signed shows it'
      : `${count} refusals, each the vault’s own claim; nothing signed shows them`;
  return `${what}: ${byCode.join(', ')}`;
}

function plus(counts: Readonly<Record<string, number>>, name: string, count: number): Record<string, number> {
  return { ...counts, [name]: (counts[name] ?? 0) + count };
}

/** Something that the log began and that has not come to an end. */
interface OpenItem {
  readonly what: 'proposal' | 'receipt' | 'expiry' | 'stop' | 'clock';
  /** The digest of the statement; null for the clock. */
  readonly digest: Hex | null;
  readonly message: string;
}

export interface Completeness extends Outcomes {
  /** `open` while anything is; `unknown` where the log is at fault, and the counts end before the fault. */
  readonly verdict: 'pass' | 'open' | 'unknown';
  readonly open: readonly OpenItem[];
  /** Proposals that are closed because something has overtaken them, and what. */
  readonly overtaken: readonly { readonly digest: Hex; readonly by: Overtaking; readonly message: string }[];
  readonly tally: Omit<EntryCounts, 'dates' | 'proposals' | 'past'> & { readonly clock: LogClock };
  /** The statements of the log that only the vault makes, in words. */
  readonly vaultsWord: string;
  readonly versions: {
    readonly quarantined: number;
    readonly releasable: number;
    readonly withdrawn: number;
    /** Names of the versions with an envelope of an authenticator in use that its custodian has not confirmed. */
    readonly notDurable: readonly string[];
    /** For each version, the custodians who can open it. */
    readonly shares: readonly { readonly version: string; readonly durable: boolean; readonly message: string }[];
  };
}

/** `facts` are null where there are none; `sound` says whether the whole log was right. */
export function completenessOf(
  facts: Facts | null,
  { dates, past, proposals: _, ...tally }: EntryCounts,
  nowMs: number,
  sound: boolean,
): Completeness {
  const clock = clockOf(dates);
  const proposals = facts === null ? [] : [...facts.proposals.values()];
  const versions = facts === null ? [] : [...facts.versions.values()];
  const open = facts === null ? [] : [...openItems(facts, proposals, nowMs), ...clockItems(facts, clock, nowMs)];
  const shares = facts === null ? [] : versions.map((version) => sharesOf(facts, version));
  return {
    verdict: sound ? (open.length === 0 ? 'pass' : 'open') : 'unknown',
    open,
    overtaken: facts === null ? [] : proposals.flatMap((proposal) => overtakenItems(facts, proposal, nowMs)),
    tally: { ...tally, clock },
    vaultsWord: refusalsText(tally),
    ...(facts === null ? past : sumOfOutcomes(past, outcomesOf(facts, proposals, nowMs))),
    versions: {
      quarantined: versions.filter(isQuarantined).length,
      releasable: versions.filter(isReleasable).length,
      withdrawn: versions.filter(isWithdrawnVersion).length,
      notDurable: shares.filter(({ durable }) => !durable).map(({ version }) => version),
      shares,
    },
  };
}

function sharesOf(facts: Facts, version: Version) {
  const { durable, unconfirmed, holders, without, threshold } = durabilityOf(facts, version);
  const counts = { holders: holders.length, without: without.length, threshold };
  const held = durabilityText(counts, committeeOf(facts, version).members.length);
  const waited = [...new Set(unconfirmed.map(({ person }) => person))].map((id) => personText(personOf(facts, id)));
  // A share that does not open is found out now, while the others do.
  const next = `every custodian checks theirs, so that one may be lost; in their console, under Versions, has yet to: ${waited.join('; ')}`;
  const message = durable ? held : `${held}: ${next}`;
  return { version: versionKey(version.model, version.version), durable, message };
}

/** A release that was dated falsely shows in the log’s clock: it is compared with the auditor’s own. */
function clockItems(facts: Facts, clock: LogClock, nowMs: number): readonly OpenItem[] {
  return clockFindings(clock, facts, nowMs).map((message) => ({ what: 'clock', digest: null, message }));
}

function openItems(facts: Facts, proposals: readonly Proposal[], nowMs: number): readonly OpenItem[] {
  const stops = (facts.stopped ?? []).map((stop) => ({
    what: 'stop' as const,
    digest: stop.digest,
    message: `the vault is stopped, by ${stopText(stop)}: nothing is released`,
  }));
  return [...stops, ...proposals.flatMap((proposal) => openOf(facts, proposal, nowMs))];
}

function openOf(facts: Facts, proposal: Proposal, nowMs: number): readonly OpenItem[] {
  const { digest, statement } = proposal;
  const isUndecided = isOpen(proposal);
  const isLease = isLeased(proposal);
  if (!isUndecided && !isLease) return [];
  if (nowMs > endMs(proposal)) {
    const what = isLease ? 'lease' : 'proposal';
    return [{ what: 'expiry', digest, message: `the ${what} has ended, and the log does not say so yet` }];
  }
  if (isUndecided) {
    const standing = standingOf(facts, proposal, nowMs);
    // What has been overtaken is no longer open, also where a policy that returns could open it again.
    if (!isPending(standing)) return [];
    const { reachable } = reachOfStatement(facts, statement, proposal.votes);
    const cannot = standing === 'open' && !reachable ? ', and no quorum can approve it' : '';
    return [{ what: 'proposal', digest, message: `${PENDING[statement.kind]} is ${standing}${cannot}` }];
  }
  const missing = isLease ? proposal.statement.hosts.filter((_, hostIndex) => !hasReceipt(proposal, hostIndex)) : [];
  if (missing.length === 0) return [];
  return [{ what: 'receipt', digest, message: `no receipt yet of ${missing.map(({ label }) => label).join(', ')}` }];
}

function overtakenItems(facts: Facts, proposal: Proposal, nowMs: number): Completeness['overtaken'] {
  const { digest, statement } = proposal;
  const standing = standingOf(facts, proposal, nowMs);
  const by = standing === 'overtaken' ? overtakenBy(facts, statement) : null;
  return by === null
    ? []
    : [{ digest, by, message: `${PENDING[statement.kind]} is ${standingText(statement.kind, standing, by)}` }];
}

const PENDING: Readonly<Record<Proposable['kind'], string>> = {
  release: 'a release',
  publish: 'a publication',
  principal: 'the enrolment of a machine’s key',
  policy: 'a change of policy',
  resume: 'a resumption',
  authenticator: 'the retirement of a security key',
  clock: 'a setting back of the log’s clock',
};

function hasReceipt({ receipts }: Proposal, hostIndex: number): boolean {
  return receipts.some((receipt) => receipt.host === hostIndex);
}
