import { expect, test } from 'vitest';
import { personOf } from '../../../../src/core/state/checks/persons.ts';
import { makeMachine, OUTSIDER } from '../../../world/people.ts';
import { founded } from '../stages.ts';

const DORA = { owner: 'dd'.repeat(16), ownerName: 'dora' } as const;

test('founders and the owners of machines in genesis were first seen in entry 0', async () => {
  const { world, ana } = await founded();
  const firstSeen = { index: 0, time: world.state.chain.recent.get(0)?.time };
  expect(personOf(world.facts, ana.person)).toMatchObject({ name: ana.name, custodian: true, firstSeen });
  expect(personOf(world.facts, OUTSIDER.owner)).toMatchObject({ name: 'eve', custodian: false, firstSeen });
});

test('an owner is known by the entry that enrolled their first machine, and is no custodian ever after', async () => {
  const { world, ana, ben, cleo } = await founded();
  const enrol = async (name: string) => {
    const { record } = makeMachine({ role: 'requester', name, ...DORA }, world.random);
    const proposal = await world.propose(world.principal(record, ana));
    expect(personOf(world.facts, DORA.owner, 'dora').firstSeen).toEqual(seen);
    await world.approve(proposal, ben, cleo);
  };
  let seen: { index: number; time: number | undefined } | null = null;
  await enrol('one');
  const index = world.log.length - 1;
  seen = { index, time: world.state.chain.recent.get(index)?.time };
  await enrol('two');
  const dora = { person: DORA.owner, name: 'dora', custodian: false, firstSeen: seen };
  expect(personOf(world.facts, DORA.owner)).toEqual(dora);
});
