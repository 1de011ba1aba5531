import type { Hex } from '../../src/core/bytes.ts';
import { counted } from '../../src/core/counted.ts';
import { must } from '../../src/core/errors.ts';
import { type Person, personOf } from '../../src/core/state/checks/persons.ts';
import { isPending, type Standing } from '../../src/core/state/lifecycle.ts';
import { appraisalObject, policyObject } from '../../src/core/state/objects.ts';
import type { Overtaking } from '../../src/core/state/overtaking.ts';
import { policyAt } from '../../src/core/state/policies.ts';
import { type NamedReach, namedReach, reachOfStatement } from '../../src/core/state/reach.ts';
import { overtakenBy, standingOf } from '../../src/core/state/standing.ts';
import type { Facts, PolicyInForce, Proposable, Proposal, RecordedStop, Vote } from '../../src/core/state/state.ts';
import { comparisonCode, REQUEST_WORDS } from '../../src/core/statement/comparison-code.ts';
import type { StatementOf } from '../../src/core/statement/statement.ts';
import { type Alike, alikeEnrolments } from '../custodian/alike.ts';
import type { Replica } from '../log/replica.ts';
import { type DocumentChange, documentChanges } from './document-changes.ts';

/** A host as its appraisal describes it; the replay has recomputed the appraisal. */
export interface ReportedHost {
  readonly label: string;
  readonly platform: string;
  /** The images that it runs, by the names in the policy. */
  readonly runs: readonly string[];
  /** The claims that identify its chips, by claim name. */
  readonly chips: Readonly<Record<string, string>>;
}

export interface ReportedVote extends Person, Pick<Vote, 'decision' | 'reason' | 'credential' | 'time'> {
  /** The name that the person gave the credential. */
  readonly keyName: string;
  readonly entry: number;
}

export interface ReportedStop {
  readonly by: Person;
  readonly reason: string;
  /** By the clock of the person or machine that stopped. */
  readonly created: number;
  readonly time: number;
  readonly entry: number;
}

/** A proposal, open or ended, as this machine's own replay of the log shows it. */
export interface ProposalReport {
  readonly vault: Hex;
  readonly grade: Facts['genesis']['grade'];
  /** Entries of the log that were replayed. */
  readonly entries: number;
  readonly digest: Hex;
  /** Four words, to be compared with those on the approver's page. */
  readonly code: string;
  readonly standing: Standing;
  /** It has expired because it was made by a clock that was set back later. */
  readonly setBack: boolean;
  /** The cause that has overtaken it; null if none has. */
  readonly overtaken: Overtaking | null;
  /** The persons who can still approve it; null where it is not open. */
  readonly reach: NamedReach | null;
  /** True while it can be approved, by the log and by this machine's clock. */
  readonly isPending: boolean;
  /** When it took effect; null where it has not. */
  readonly executed: number | null;
  /** The stop that withdrew or revoked it; null where there is none. */
  readonly stop: ReportedStop | null;
  /** As it is signed. */
  readonly statement: Proposable;
  readonly proposer: Person & {
    /** The name of a machine's key; null where a custodian proposed. */
    readonly machine: string | null;
  };
  readonly policy: PolicyInForce;
  /** All votes, in the order of the log. */
  readonly votes: readonly ReportedVote[];
  /** The hosts of a release; empty for other proposals. */
  readonly hosts: readonly ReportedHost[];
  /** For a waiting enrolment: other waiting enrolments with names that look alike. */
  readonly alike: readonly Alike[];
  /** The changes of a policy; empty for other proposals. */
  readonly changes: readonly DocumentChange[];
}

/** The fewest digits of a digest that may name a proposal. */
const DIGITS_MIN = 8;
/** Claims that name a piece of hardware. */
const CHIP = /\.(?:chip|chip-id|csp-id|ppid|platform-instance|ak|platform|ueid)$/;

/**
 * Reports on a proposal, open or ended, so that custodians can also check their own votes. `named` is its digest or the
 * beginning of it. Throws `usage`, `proposal_unknown`, `object_missing` and `object_mismatch`.
 */
export async function reportOn(replica: Replica, named: string, nowMs: number): Promise<ProposalReport> {
  const { facts, checkpoint } = replica;
  const proposal = proposalNamed(facts, named, checkpoint.size);
  const { digest, statement, index, executed, setBack, stop } = proposal;
  const { proposer } = statement;
  const standing = standingOf(facts, proposal, nowMs);
  const machine = proposer.kind === 'principal' ? (facts.principals.get(proposer.key)?.name ?? proposer.key) : null;
  return {
    vault: facts.vault,
    grade: facts.genesis.grade,
    entries: checkpoint.size,
    digest,
    code: comparisonCode(digest, REQUEST_WORDS),
    standing,
    setBack,
    overtaken: standing === 'overtaken' ? overtakenBy(facts, statement) : null,
    reach: standing === 'open' ? namedReach(facts, reachOfStatement(facts, statement, proposal.votes)) : null,
    isPending: isPending(standing),
    executed: executed?.time ?? null,
    stop: stop === null ? null : reportedStop(facts, stop),
    statement,
    proposer: { ...personOf(facts, proposer.person), machine },
    policy: policyAt(facts, index),
    votes: proposal.votes.map((vote) => reportedVote(facts, vote)),
    hosts: statement.kind === 'release' ? await hostsOf(replica, statement) : [],
    alike: standing === 'open' ? alikeEnrolments(facts, proposal, nowMs) : [],
    changes: statement.kind === 'policy' ? await changesOf(replica, statement) : [],
  };
}

function reportedVote(facts: Facts, { person, decision, reason, credential, index, time }: Vote): ReportedVote {
  const keyName = facts.authenticators.get(credential)?.name ?? credential;
  return { ...personOf(facts, person), decision, reason, credential, keyName, entry: index, time };
}

export function reportedStop(facts: Facts, { person, reason, created, time, index }: RecordedStop): ReportedStop {
  return { by: personOf(facts, person), reason, created, time, entry: index };
}

function proposalNamed({ proposals }: Facts, named: string, entries: number): Proposal {
  const isBeginning = /^[0-9a-f]+$/.test(named) && named.length >= DIGITS_MIN && named.length <= 64;
  must(isBeginning, 'usage', `expected ${DIGITS_MIN} to 64 hexadecimal digits of a proposal's digest, got ${named}`);
  const found = [...proposals.values()].filter(({ digest }) => digest.startsWith(named));
  const [proposal] = found;
  must(
    proposal !== undefined,
    'proposal_unknown',
    `no proposal in ${counted(entries, 'entry', 'entries')} of the log begins with ${named}: see twinlock proposals`,
  );
  must(found.length === 1, 'usage', `${found.length} proposals begin with ${named}: give more of the digest`);
  return proposal;
}

async function hostsOf(replica: Replica, { hosts }: StatementOf<'release'>): Promise<readonly ReportedHost[]> {
  const objects = await replica.objects(hosts.map(({ appraisal }) => appraisal));
  return hosts.map(({ label, appraisal: digest }) => {
    const { platform, rules, claims } = appraisalObject(objects, digest);
    const runs = rules.filter(({ rule }) => rule.endsWith('.image') || rule.endsWith('.measurement'));
    const chips = Object.entries(claims).filter(([name]) => CHIP.test(name));
    return { label, platform, runs: runs.map(({ got }) => got), chips: Object.fromEntries(chips) };
  });
}

async function changesOf(replica: Replica, { base, document }: StatementOf<'policy'>) {
  const objects = await replica.objects([base, document]);
  const [before, after] = [base, document].map((digest) => policyObject(objects, digest));
  return documentChanges(before, after);
}
