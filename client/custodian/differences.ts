import { parseAppraisal } from '../../src/core/attest/appraisal.ts';
import { quoted } from '../../src/core/quoted.ts';
import { personOf, personText } from '../../src/core/state/checks/persons.ts';
import { lastReleaseOf } from '../../src/core/state/lifecycle.ts';
import type { Facts } from '../../src/core/state/state.ts';
import type { StatementOf } from '../../src/core/statement/statement.ts';
import { exactBytes, exactDuration } from '../display/exact.ts';
import type { Replica } from '../log/replica.ts';
import type { HostReview } from './host-review.ts';

type ReleaseStatement = StatementOf<'release'>;

/** A value, and how many of the hosts have it; 1 where it is no host's. */
export interface Tallied {
  readonly value: string;
  readonly count: number;
}

/** What is otherwise than in the last release of this model: each value once, in the order of their code units. */
export interface ReleaseDifference {
  readonly field: string;
  readonly before: readonly Tallied[];
  readonly after: readonly Tallied[];
}

/** Claims that are new in every report: that they differ says nothing. */
const ONCE_ONLY = /\.(?:report-data|report-id|report-id-ma|extra-data|nonce|clock)$/;

/** Null where no release of the model has ever been executed. */
export async function differences(
  replica: Replica,
  statement: ReleaseStatement,
  hosts: readonly HostReview[],
): Promise<readonly ReleaseDifference[] | null> {
  const { facts } = replica;
  const last = lastReleaseOf(facts, statement.model);
  if (last === null) return null;
  const objects = await replica.objects(last.statement.hosts.map((host) => host.appraisal));
  const before = [...objects.values()].map((bytes) => parseAppraisal(bytes).appraisal.claims);
  const after = hosts.map((host) => host.atVault.claims);
  const [fieldsBefore, fieldsAfter] = [fieldsOf(facts, last.statement), fieldsOf(facts, statement)];
  return [
    ...Object.keys(fieldsAfter).map((field) => ({
      field,
      before: tally(fieldsBefore[field] ?? []),
      after: tally(fieldsAfter[field] ?? []),
    })),
    ...claimNames([...before, ...after]).map((name) => ({
      field: `claim ${name}`,
      before: tally(valuesOf(before, name)),
      after: tally(valuesOf(after, name)),
    })),
  ].filter((change) => !isSame(change.before, change.after));
}

/** Persons and keys by their ids too: a name may be made to look like another's. */
function fieldsOf(facts: Facts, statement: ReleaseStatement): Readonly<Record<string, readonly string[]>> {
  const { proposer } = statement;
  return {
    version: [statement.version],
    manifest: [statement.manifest],
    purpose: [statement.purpose],
    requester: [`${quoted(facts.principals.get(proposer.key)?.name ?? proposer.key)}, ${proposer.key}`],
    person: [personText(personOf(facts, proposer.person))],
    policy: [statement.policy],
    epoch: [String(statement.epoch)],
    hosts: statement.hosts.map((host) => host.label),
    lease: [exactDuration(statement.leaseMs)],
    served: [exactBytes(BigInt(statement.bytes))],
  };
}

type Claims = Readonly<Record<string, string>>;

function claimNames(claims: readonly Claims[]): readonly string[] {
  return [...new Set(claims.flatMap(Object.keys))].filter((name) => !ONCE_ONLY.test(name)).sort();
}

/** A host that makes no such claim has no value. */
function valuesOf(claims: readonly Claims[], name: string): readonly string[] {
  return claims.flatMap((claim) => claim[name] ?? []);
}

function tally(values: readonly string[]): readonly Tallied[] {
  return [...Map.groupBy([...values].sort(), (value) => value)].map(([value, { length: count }]) => ({ value, count }));
}

function isSame(a: readonly Tallied[], b: readonly Tallied[]): boolean {
  return a.length === b.length && a.every(({ value, count }, i) => b[i]?.value === value && b[i]?.count === count);
}
