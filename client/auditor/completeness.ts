import type { Hex } from '../../src/core/bytes.ts';
import type { Entry } from '../../src/core/log/entry.ts';
import { committeeOf } from '../../src/core/state/committees.ts';
import { durabilityOf, durabilityText } from '../../src/core/state/custody.ts';
import {
  endMs,
  hasTakenEffect,
  isLeased,
  isOpen,
  isPending,
  isRelease,
  type Release,
  STANDINGS,
  type Standing,
} from '../../src/core/state/lifecycle.ts';
import type { Overtaking } from '../../src/core/state/overtaking.ts';
import { type Person, personOf, personText } from '../../src/core/state/persons.ts';
import { reachOfStatement } from '../../src/core/state/reach.ts';
import { stopText } from '../../src/core/state/running.ts';
import { overtakenBy, standingOf, standingText } from '../../src/core/state/standing.ts';
import { type Facts, type Proposable, type Proposal, type Version, versionKey } from '../../src/core/state/state.ts';
import { clockFindings, clockOf, type LogClock } from './log-clock.ts';
import { dated, type LogDates, NO_DATES } from './log-dates.ts';

/** Counted entry by entry: what leaves no trace in the facts. */
export interface Tally {
  readonly entries: Readonly<Record<string, number>>;
  readonly approvals: number;
  readonly denials: number;
  /** What the vault claims to have turned away, by code: never what a person or a machine has been shown to do. */
  readonly refusalsClaimed: Readonly<Record<string, number>>;
  readonly dates: LogDates;
}

export const EMPTY_TALLY: Tally = {
  entries: {},
  approvals: 0,
  denials: 0,
  refusalsClaimed: {},
  dates: NO_DATES,
};

/** `facts` are those after the entry. */
export function tallied(tally: Tally, entry: Entry, facts: Facts): Tally {
  const counted = {
    ...tally,
    entries: plus(tally.entries, entry.kind, 1),
    dates: dated(tally.dates, entry, facts),
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

/** How many refusals there are, and whose word that is. */
function refusalsText({ refusalsClaimed }: Pick<Tally, 'refusalsClaimed'>): string {
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
  /** Of the statement; null for the clock. */
  readonly digest: Hex | null;
  readonly message: string;
}

export interface Completeness {
  /** `open` while anything is; `unknown` where the log is at fault, and the counts end before the fault. */
  readonly verdict: 'pass' | 'open' | 'unknown';
  readonly open: readonly OpenItem[];
  /** Proposals that are closed because something has overtaken them, and what. */
  readonly overtaken: readonly { readonly digest: Hex; readonly by: Overtaking; readonly message: string }[];
  readonly tally: Omit<Tally, 'dates'> & { readonly clock: LogClock };
  /** What the log says on the vault's word alone, in words. */
  readonly vaultsWord: string;
  readonly proposals: Readonly<Record<Standing, number>>;
  /** What custodians said when they denied something, in the order of the log. */
  readonly denials: readonly {
    readonly proposal: Hex;
    readonly by: Person;
    readonly reason: string;
    readonly index: number;
  }[];
  readonly releases: {
    /** That were ever in force. */
    readonly granted: number;
    /** Where every host has given its receipt. */
    readonly withReceipts: number;
    /** Where the lease ended, or the release was revoked, before every host had. */
    readonly withoutReceipts: number;
    /** Still in force, and a host has not. */
    readonly awaited: number;
    /** Hosts that were released to, and receipts that came from them. */
    readonly hosts: number;
    readonly receipts: number;
  };
  readonly versions: {
    readonly quarantined: number;
    readonly releasable: number;
    readonly withdrawn: number;
    /** Whose custodians have not confirmed every envelope of an authenticator in use; the names of the versions. */
    readonly notDurable: readonly string[];
    /** Of each version, who can open it. */
    readonly shares: readonly { readonly version: string; readonly durable: boolean; readonly message: string }[];
  };
}

/** `facts` are null where there are none; `sound` says whether the whole log was right. */
export function completenessOf(
  facts: Facts | null,
  { dates, ...tally }: Tally,
  nowMs: number,
  sound: boolean,
): Completeness {
  const clock = clockOf(dates);
  const proposals = facts === null ? [] : [...facts.proposals.values()];
  const versions = facts === null ? [] : [...facts.versions.values()];
  const granted = proposals.filter(isGranted);
  const open = facts === null ? [] : [...openItems(facts, proposals, nowMs), ...clockItems(facts, clock, nowMs)];
  const shares = facts === null ? [] : versions.map((version) => sharesOf(facts, version));
  const answered = granted.filter(isAnswered);
  const awaited = granted.filter((release) => !isAnswered(release) && isLeased(release));
  return {
    verdict: sound ? (open.length === 0 ? 'pass' : 'open') : 'unknown',
    open,
    overtaken: facts === null ? [] : proposals.flatMap((proposal) => overtakenItems(facts, proposal, nowMs)),
    tally: { ...tally, clock },
    vaultsWord: refusalsText(tally),
    proposals: standingsOf(facts, proposals, nowMs),
    denials: facts === null ? [] : denialsOf(facts, proposals),
    releases: {
      granted: granted.length,
      withReceipts: answered.length,
      withoutReceipts: granted.length - answered.length - awaited.length,
      awaited: awaited.length,
      hosts: granted.reduce((sum, { statement }) => sum + statement.hosts.length, 0),
      receipts: granted.reduce((sum, { receipts }) => sum + receipts.length, 0),
    },
    versions: {
      quarantined: versions.filter(({ phase }) => phase === 'quarantined').length,
      releasable: versions.filter(({ phase }) => phase === 'releasable').length,
      withdrawn: versions.filter(({ phase }) => phase === 'withdrawn').length,
      notDurable: shares.filter(({ durable }) => !durable).map(({ version }) => version),
      shares,
    },
  };
}

function denialsOf(facts: Facts, proposals: readonly Proposal[]): Completeness['denials'] {
  return proposals
    .flatMap(({ digest, votes }) =>
      votes.flatMap(({ person, reason, index }) =>
        reason === null ? [] : [{ proposal: digest, by: personOf(facts, person), reason, index }],
      ),
    )
    .toSorted((a, b) => a.index - b.index);
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

function isGranted(proposal: Proposal): proposal is Release {
  return isRelease(proposal) && hasTakenEffect(proposal);
}

function isAnswered({ statement, receipts }: Release): boolean {
  return receipts.length === statement.hosts.length;
}

function standingsOf(facts: Facts | null, proposals: readonly Proposal[], nowMs: number): Record<Standing, number> {
  const counts = Object.fromEntries(STANDINGS.map((standing) => [standing, 0])) as Record<Standing, number>;
  if (facts !== null) for (const proposal of proposals) counts[standingOf(facts, proposal, nowMs)]++;
  return counts;
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
  const missing = isLease ? proposal.statement.hosts.filter((_, host) => !hasReceipt(proposal, host)) : [];
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

function hasReceipt({ receipts }: Proposal, host: number): boolean {
  return receipts.some((receipt) => receipt.host === host);
}
