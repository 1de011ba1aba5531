import { parseAppraisal } from '../../src/core/attest/appraisal.ts';
import type { Facts, Proposal } from '../../src/core/state/state.ts';
import type { StatementOf } from '../../src/core/statement/statement.ts';
import type { Replica } from '../replica.ts';
import type { HostReview } from './host-review.ts';

type Release = StatementOf<'release'>;

/** What is otherwise than in the last release of this model. */
export interface Change {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** Claims that are new in every report: that they differ says nothing. */
const ONCE_ONLY = /\.(?:report-data|report-id|report-id-ma|extra-data|nonce|clock)$/;

/** Null where no release of the model has ever been executed. */
export async function differences(
  replica: Replica,
  statement: Release,
  hosts: readonly HostReview[],
): Promise<readonly Change[] | null> {
  const { facts } = replica;
  const last = lastRelease(facts, statement.model);
  if (last === null) return null;
  const objects = await replica.objects(last.statement.hosts.map((host) => host.appraisal));
  const before = [...objects.values()].map((bytes) => parseAppraisal(bytes).appraisal.claims);
  const after = hosts.map((host) => host.atVault.claims);
  return [
    ...Object.entries(fieldsOf(facts, statement)).map(([field, value]) => ({
      field,
      before: fieldsOf(facts, last.statement)[field] ?? '',
      after: value,
    })),
    ...claimNames([...before, ...after]).map((name) => ({
      field: `claim ${name}`,
      before: valuesOf(before, name),
      after: valuesOf(after, name),
    })),
  ].filter((change) => change.before !== change.after);
}

function lastRelease({ proposals }: Facts, model: string): Proposal<Release> | null {
  let last: Proposal<Release> | null = null;
  for (const proposal of proposals.values()) {
    const { statement, executedTime } = proposal;
    if (statement.kind !== 'release' || statement.model !== model || executedTime === null) continue;
    if (last === null || executedTime > (last.executedTime ?? 0)) last = { ...proposal, statement };
  }
  return last;
}

function fieldsOf(facts: Facts, statement: Release): Readonly<Record<string, string>> {
  const { proposer } = statement;
  return {
    version: statement.version,
    manifest: statement.manifest,
    purpose: statement.purpose,
    requester: facts.principals.get(proposer.key)?.name ?? proposer.key,
    person: facts.persons.get(proposer.person) ?? proposer.person,
    policy: statement.policy,
    epoch: String(statement.epoch),
    hosts: sorted(statement.hosts.map((host) => host.label)),
    leaseMs: String(statement.leaseMs),
    bytes: statement.bytes,
  };
}

type Claims = Readonly<Record<string, string>>;

function claimNames(claims: readonly Claims[]): readonly string[] {
  return [...new Set(claims.flatMap(Object.keys))].filter((name) => !ONCE_ONLY.test(name)).sort();
}

function valuesOf(claims: readonly Claims[], name: string): string {
  return sorted(claims.map((claim) => claim[name] ?? ''));
}

function sorted(values: readonly string[]): string {
  return [...new Set(values)].sort().join(', ');
}
