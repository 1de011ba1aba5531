import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { committeeInForce, committeeOf } from '../../../src/core/state/committees.ts';
import { proposalOf } from '../../../src/core/state/lifecycle.ts';
import { isPolicyInForce, policyInForce, policyOf } from '../../../src/core/state/policies.ts';
import { founded, released } from './stages.ts';

const ROOT = join(import.meta.dirname, '../../..');
const OWNERS = ['src/core/state/committees.ts', 'src/core/state/policies.ts'];

/** Where a source takes the committee or the policy out of the facts itself, instead of asking for those that are meant. */
function directReads(source: string): readonly string[] {
  const ofFacts = [...source.matchAll(/\b(\w+): (?:Facts|Pick<Facts,[^>]*>)/g)].map(([, name]) => name);
  const names = [...new Set(['facts', ...ofFacts])].join('|');
  return [
    new RegExp(String.raw`\b(?:${names})\??\.(?:committee|policy)\b`, 'g'),
    new RegExp(
      String.raw`\{[^{}]*\b(?:committee|policy)\b[^{}]*\}(?:: (?:Facts\b|Pick<Facts)| = (?:\w+\.)*(?:${names})\b)`,
      'g',
    ),
    new RegExp(String.raw`\{ \.\.\.(?:${names})\b[^}]*\b(?:committee|policy)\b`, 'g'),
  ].flatMap((pattern) => [...source.matchAll(pattern)].map(([found]) => found));
}

test('every proposal and every version names its committee', async () => {
  const { world } = await released();
  const { committee, proposals, versions } = world.facts;
  const named = [...[...proposals.values()].map(({ statement }) => statement), ...versions.values()];
  expect([proposals.size, versions.size].every((size) => size > 0)).toBe(true);
  for (const one of named) {
    expect(one).toMatchObject({ committee: committee.id, epoch: committee.epoch });
    expect(committeeOf(world.facts, one)).toBe(committeeInForce(world.facts));
  }
});

test('no committee stands in for another, or for another epoch of it', async () => {
  const { facts } = (await founded()).world;
  const { id, epoch } = committeeInForce(facts);
  const another = { committee: '77'.repeat(16), epoch };
  expect(() => committeeOf(facts, another)).toThrow(expect.objectContaining({ code: 'wrong_committee' }));
  const later = { committee: id, epoch: epoch + 1 };
  expect(() => committeeOf(facts, later)).toThrow(expect.objectContaining({ code: 'wrong_epoch' }));
});

test('a statement of an earlier policy is counted by the one in force', async () => {
  const { world, ana, ben } = await founded();
  const digest = await world.propose(world.policyChange({ groups: ['security'] }, ana));
  const { statement } = proposalOf(world.facts, digest);
  expect(policyOf(world.facts, statement)).toMatchObject({ digest: statement.policy });
  await world.changePolicy({ veto: true }, ana, ana, ben);
  expect(isPolicyInForce(world.facts, statement.policy)).toBe(false);
  expect(policyOf(world.facts, statement)).toBe(policyInForce(world.facts));
});

test.each([
  'const t = facts.committee.threshold;',
  'const d = replica.facts.policy.digest;',
  'const { committee, vault } = facts;',
  'const { policy } = replica.facts;',
  'function f({ vault, policy }: Facts): void {}',
  "function f({\n  committee,\n  authenticators,\n}: Pick<Facts, 'committee' | 'authenticators'>) {}",
  'function f(after: Facts) {\n  return after.policy.digest;\n}',
  'const other = { ...facts, policy: { digest, document } };',
])('a direct read of the facts is found: %s', (source) => {
  expect(directReads(source)).toHaveLength(1);
});

test('the committee and the policy of the facts are read where their owners are, and nowhere else', () => {
  const files = ['src', 'client'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  const sources = files.filter((file) => /\.tsx?$/.test(file) && !OWNERS.includes(file));
  expect(sources.length).toBeGreaterThan(300);
  const found = sources.flatMap((file) =>
    directReads(readFileSync(join(ROOT, file), 'utf8')).map((read) => `${file}: ${read}`),
  );
  expect(found).toEqual([]);
});
