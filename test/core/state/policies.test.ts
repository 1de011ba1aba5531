import { describe, expect, test } from 'vitest';
import { policyAt } from '../../../src/core/state/policies.ts';
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

describe('where a policy comes back', () => {
  /** A change that ana has approved and another policy has overtaken, and a way back. */
  async function overtaken() {
    const stage = await founded();
    const { world, ana, ben } = stage;
    const waiting = await world.propose(world.policyChange({ groups: ['security'] }, ana));
    await world.approve(waiting, ana);
    const { veto } = world.facts.policy.document;
    await world.changePolicy({ veto: !veto }, ben, ana, ben);
    const proposal = () => world.facts.proposals.get(waiting);
    return { ...stage, waiting, proposal, goBack: () => world.changePolicy({ veto }, ben, ana, ben) };
  }

  test('what rests on it is decided on again, and its old votes count', async () => {
    const { world, ana, cleo, waiting, proposal, goBack } = await overtaken();
    await expect(world.approve(waiting, cleo)).rejects.toMatchObject({ code: 'wrong_policy' });
    expect(proposal()?.phase).toBe('open');
    const { digest } = policyAt(world.facts, proposal()?.index ?? 0);
    await goBack();
    expect(world.facts.policy.digest).toBe(digest);
    await world.approve(waiting, cleo);
    expect(proposal()).toMatchObject({ phase: 'executed', votes: [{ person: ana.person }, { person: cleo.person }] });
    const votes = proposal()?.votes ?? [];
    for (const { index } of votes) expect(policyAt(world.facts, index).digest).toBe(digest);
    expect(policyAt(world.facts, votes[0]?.index ?? 0).since).toBe(0);
    expect(policyAt(world.facts, votes[1]?.index ?? 0).since).toBeGreaterThan(0);
  });

  test('a person who has voted has no second vote', async () => {
    const { world, ana, waiting, goBack } = await overtaken();
    await goBack();
    await expect(world.approve(waiting, ana)).rejects.toMatchObject({ code: 'already_voted' });
  });

  test('what was withdrawn in between stays so', async () => {
    const { world, ana, cleo, waiting, proposal, goBack } = await overtaken();
    await world.append(await world.draftStop(world.stop('proposal', waiting, ana)));
    expect(proposal()).toMatchObject({
      phase: 'withdrawn',
      stop: { person: ana.person, name: 'ana', reason: 'a test' },
    });
    await goBack();
    await expect(world.approve(waiting, cleo)).rejects.toMatchObject({ code: 'proposal_closed' });
  });
});
