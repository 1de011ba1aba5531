import { quoted } from '../../src/core/quoted.ts';
import { personOf, personText } from '../../src/core/state/checks/persons.ts';
import { lastReleaseOf } from '../../src/core/state/lifecycle.ts';
import { appraisalObject } from '../../src/core/state/objects.ts';
import type { Facts } from '../../src/core/state/state.ts';
import type { StatementOf } from '../../src/core/statement/statement.ts';
import { exactBytes, exactDuration } from '../display/exact.ts';
import type { Replica } from '../log/replica.ts';
import type { HostReview } from './host-review.ts';

type ReleaseStatement = StatementOf<'release'>;

/** A value, and the number of hosts that have it; 1 where it is not a host's value. */
export interface Tallied {
  readonly value: string;
  readonly count: number;
}

/** A difference from the last release of this model: each value once, in the order of code units. */
export interface ReleaseDifference {
  readonly field: string;
  readonly before: readonly Tallied[];
  readonly after: readonly Tallied[];
}

/** Claims that are new in every report, so a difference has no meaning. */
const ONCE_ONLY = /\.(?:report-data|report-id|report-id-ma|extra-data|nonce|clock)$/;

/** Compares a release with the last one of its model. Returns null where no release of the model was executed. */
export async function differences(
  replica: Replica,
  statement: ReleaseStatement,
  hosts: readonly HostReview[],
): Promise<readonly ReleaseDifference[] | null> {
  const { facts } = replica;
  const last = lastReleaseOf(facts, statement.model);
  if (last === null) return null;
  const objects = await replica.objects(last.statement.hosts.map((host) => host.appraisal));
  const before = [...objects.keys()].map((digest) => appraisalObject(objects, digest).claims);
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

/** Includes the ids of persons and keys: a person can choose a name that looks like another's. */
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

/** The hosts' values of a claim; a host without the claim adds none. */
function valuesOf(claims: readonly Claims[], name: string): readonly string[] {
  return claims.flatMap((claim) => claim[name] ?? []);
}

function tally(values: readonly string[]): readonly Tallied[] {
  return [...Map.groupBy([...values].sort(), (value) => value)].map(([value, { length: count }]) => ({ value, count }));
}

function isSame(a: readonly Tallied[], b: readonly Tallied[]): boolean {
  return a.length === b.length && a.every(({ value, count }, i) => b[i]?.value === value && b[i]?.count === count);
}
