import type { Hex } from '../../src/core/bytes.ts';
import { type Person, personOf } from '../../src/core/state/checks/persons.ts';
import {
  hasTakenEffect,
  isLeased,
  isRelease,
  type ReleaseProposal,
  STANDINGS,
  type Standing,
} from '../../src/core/state/lifecycle.ts';
import { standingOf } from '../../src/core/state/standing.ts';
import type { Facts, Proposal } from '../../src/core/state/state.ts';

/** The outcomes of proposals, counted. */
export interface Outcomes {
  readonly proposals: Readonly<Record<Standing, number>>;
  /** The reasons of custodians' denials, in the order of the log. */
  readonly denials: readonly {
    readonly proposal: Hex;
    readonly by: Person;
    readonly reason: string;
    readonly index: number;
  }[];
  readonly releases: {
    /** Releases that were ever in force. */
    readonly granted: number;
    /** Releases for which every host has given its receipt. */
    readonly withReceipts: number;
    /** Releases whose lease ended, or that were revoked, before every host had given its receipt. */
    readonly withoutReceipts: number;
    /** Still in force, and a host has not. */
    readonly awaited: number;
    /** Hosts that were released to, and receipts that came from them. */
    readonly hosts: number;
    readonly receipts: number;
  };
}

export const NO_OUTCOMES: Outcomes = {
  proposals: Object.fromEntries(STANDINGS.map((standing) => [standing, 0])) as Record<Standing, number>,
  denials: [],
  releases: { granted: 0, withReceipts: 0, withoutReceipts: 0, awaited: 0, hosts: 0, receipts: 0 },
};

export function outcomesOf(facts: Facts, proposals: readonly Proposal[], nowMs: number): Outcomes {
  const counts = { ...NO_OUTCOMES.proposals };
  for (const proposal of proposals) counts[standingOf(facts, proposal, nowMs)]++;
  const granted = proposals.filter(isGranted);
  const answered = granted.filter(isAnswered);
  const awaited = granted.filter((release) => !isAnswered(release) && isLeased(release));
  return {
    proposals: counts,
    denials: denialsOf(facts, proposals),
    releases: {
      granted: granted.length,
      withReceipts: answered.length,
      withoutReceipts: granted.length - answered.length - awaited.length,
      awaited: awaited.length,
      hosts: granted.reduce((sum, { statement }) => sum + statement.hosts.length, 0),
      receipts: granted.reduce((sum, { receipts }) => sum + receipts.length, 0),
    },
  };
}

/** Adds the outcomes of two sets of different proposals. */
export function sumOfOutcomes(a: Outcomes, b: Outcomes): Outcomes {
  return {
    proposals: sumOf(a.proposals, b.proposals),
    denials: [...a.denials, ...b.denials].toSorted((one, other) => one.index - other.index),
    releases: sumOf(a.releases, b.releases),
  };
}

function sumOf<T extends Readonly<Record<string, number>>>(a: T, b: T): T {
  return Object.fromEntries(Object.entries(a).map(([name, count]) => [name, count + (b[name] ?? 0)])) as T;
}

function denialsOf(facts: Facts, proposals: readonly Proposal[]): Outcomes['denials'] {
  return proposals
    .flatMap(({ digest, votes }) =>
      votes.flatMap(({ person, reason, index }) =>
        reason === null ? [] : [{ proposal: digest, by: personOf(facts, person), reason, index }],
      ),
    )
    .toSorted((a, b) => a.index - b.index);
}

function isGranted(proposal: Proposal): proposal is ReleaseProposal {
  return isRelease(proposal) && hasTakenEffect(proposal);
}

function isAnswered({ statement, receipts }: ReleaseProposal): boolean {
  return receipts.length === statement.hosts.length;
}
