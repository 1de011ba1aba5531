import { expect, test } from 'vitest';
import { policyAt } from '../../../src/core/state/policy-history.ts';
import { founded, released } from './stages.ts';

test('the policy of a time is that of genesis, until the last approval that a change needed', async () => {
  const { world, ana, ben } = await founded();
  const genesis = world.facts.policy.digest;
  const change = await world.propose(world.policyChange({ veto: true }, ana));
  await world.approve(change, ana, ben);
  const since = world.log.length - 1;
  const changed = world.facts.policy.digest;
  const back = await world.propose(world.policyChange({ veto: false }, ana));
  await world.approve(back, ana, ben);
  const sinceBack = world.log.length - 1;
  expect(world.facts.policy.digest).toBe(genesis);
  const at = (index: number) => policyAt(world.facts, index);
  for (const index of [0, 1, since]) expect(at(index)).toEqual({ digest: genesis, since: 0 });
  for (const index of [since + 1, sinceBack]) expect(at(index)).toEqual({ digest: changed, since });
  for (const index of [sinceBack + 1, 1000]) expect(at(index)).toEqual({ digest: genesis, since: sinceBack });
});

test('the policy of a time is no other for a change that is denied or still open', async () => {
  const { world, ana, ben, cleo, dan } = await founded();
  const genesis = world.facts.policy.digest;
  await world.deny(await world.propose(world.policyChange({ veto: true }, ana)), ben, cleo, dan);
  await world.approve(await world.propose(world.policyChange({ groups: ['security'] }, ana)), ana);
  expect(policyAt(world.facts, 1000)).toEqual({ digest: genesis, since: 0 });
});

test('the policy of a time is the one that every statement of that time names', async () => {
  const { world, ana, ben } = await released();
  await world.approve(await world.propose(world.policyChange({ veto: true }, ana)), ana, ben);
  await world.propose(world.policyChange({ veto: false }, ana));
  const { proposals } = world.facts;
  expect(proposals.size).toBeGreaterThan(3);
  for (const { statement, index, votes } of proposals.values()) {
    expect(policyAt(world.facts, index).digest).toBe(statement.policy);
    for (const vote of votes) expect(policyAt(world.facts, vote.index).digest).toBe(statement.policy);
  }
});
