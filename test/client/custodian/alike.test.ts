import { expect, test } from 'vitest';
import { alikeEnrolments } from '../../../client/custodian/alike.ts';
import { founded } from '../../core/state/stages.ts';
import { HOUR_MS } from '../../world/founding.ts';
import { makeMachine } from '../../world/people.ts';

const [ONE, OTHER] = ['77'.repeat(16), '88'.repeat(16)];

async function pending(...named: readonly { name: string; owner: string; ownerName: string }[]) {
  const stage = await founded();
  const { world, ana } = stage;
  const digests: string[] = [];
  for (const each of named) {
    const { record } = makeMachine({ role: 'auditor', ...each }, world.random);
    digests.push(await world.propose(world.principal(record, ana)));
  }
  const alike = (of: number) => {
    const proposal = world.facts.proposals.get(digests[of] ?? '');
    return proposal === undefined ? null : alikeEnrolments(world.facts, proposal, world.now);
  };
  return { ...stage, digests, alike };
}

test.each([
  [
    'owners whose names look alike',
    { name: 'one', owner: ONE, ownerName: 'Mia' },
    { name: 'two', owner: OTHER, ownerName: 'mia' },
  ],
  [
    'one owner under two names',
    { name: 'one', owner: ONE, ownerName: 'Mia' },
    { name: 'two', owner: ONE, ownerName: 'Mira' },
  ],
  [
    'machines of two owners whose names look alike',
    { name: 'serve', owner: ONE, ownerName: 'Mia' },
    { name: 'Serve', owner: OTHER, ownerName: 'Tom' },
  ],
])('of two enrolments that wait, each warns of the other: %s', async (_, first, second) => {
  const { digests, alike } = await pending(first, second);
  expect(alike(0)).toEqual([{ digest: digests[1], message: expect.stringContaining('“') }]);
  expect(alike(1)).toEqual([{ digest: digests[0], message: expect.stringContaining('“') }]);
});

test('enrolments whose names differ, and those of one owner, do not warn', async () => {
  const mia = { owner: ONE, ownerName: 'Mia' };
  const { alike } = await pending(
    { name: 'one', ...mia },
    { name: 'two', ...mia },
    { name: 'three', owner: OTHER, ownerName: 'Tom' },
  );
  expect([0, 1, 2].map(alike)).toEqual([[], [], []]);
});

test('an enrolment that has been overtaken or has expired is not warned of', async () => {
  const twins = [
    { name: 'one', owner: ONE, ownerName: 'Mia' },
    { name: 'two', owner: OTHER, ownerName: 'mia' },
  ];
  const overtaken = await pending(...twins);
  const { world, ana, ben } = overtaken;
  await world.changePolicy({ veto: true }, ana, ana, ben);
  expect(overtaken.alike(0)).toEqual([]);
  const expired = await pending(...twins);
  expired.world.now += 366 * 24 * HOUR_MS;
  expect(expired.alike(0)).toEqual([]);
});

test('an enrolment that waits no longer is not warned of', async () => {
  const twins = [
    { name: 'one', owner: ONE, ownerName: 'Mia' },
    { name: 'two', owner: OTHER, ownerName: 'mia' },
  ];
  const { world, ben, cleo, dan, digests, alike } = await pending(...twins);
  await world.deny(digests[1] ?? '', ben, cleo, dan);
  expect(alike(0)).toEqual([]);
});
