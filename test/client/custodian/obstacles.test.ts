import { describe, expect, test } from 'vitest';
import { denialObstaclesOf, obstaclesOf } from '../../../client/custodian/obstacles.ts';
import type { Hex } from '../../../src/core/bytes.ts';
import { proposalOf } from '../../../src/core/state/lifecycle.ts';
import { published, type Stage } from '../../core/state/stages.ts';
import type { Founder } from '../../world/people.ts';

type Opened = Stage & { readonly proposal: Hex };

/** A release that is open; its requester is owned by ana. */
async function proposed(): Promise<Opened> {
  const stage = await published();
  return { ...stage, proposal: await stage.world.propose((await stage.world.ask(stage.deposit)).statement) };
}

async function codeOfTheFold({ world, proposal }: Opened, who: Founder, decision: 'approve' | 'deny'): Promise<string> {
  const draft = await world.draftApproval(proposal, who, { decision });
  return world.append(draft).then(
    () => 'taken',
    ({ code }: { readonly code: string }) => code,
  );
}

function codesOnScreen({ world, proposal }: Opened, who: Founder, decision: 'approve' | 'deny'): readonly string[] {
  const { facts, now } = world;
  const of = decision === 'approve' ? obstaclesOf : denialObstaclesOf;
  return of(facts, proposalOf(facts, proposal), who.person, now).map(({ code }) => code);
}

const REFUSED: readonly [text: string, code: string, make: () => Promise<readonly [Opened, Founder]>][] = [
  [
    'the requester’s owner',
    'proposer_cannot_approve',
    async () => {
      const opened = await proposed();
      return [opened, opened.ana];
    },
  ],
  [
    'a custodian who has decided',
    'already_voted',
    async () => {
      const opened = await proposed();
      await opened.world.approve(opened.proposal, opened.ben);
      return [opened, opened.ben];
    },
  ],
  [
    'a custodian after the time to decide',
    'statement_expired',
    async () => {
      const opened = await proposed();
      opened.world.now = proposalOf(opened.world.facts, opened.proposal).statement.expires + 1;
      return [opened, opened.ben];
    },
  ],
  [
    'a custodian after others have denied it',
    'proposal_closed',
    async () => {
      const opened = await proposed();
      await opened.world.deny(opened.proposal, opened.ben, opened.cleo);
      return [opened, opened.dan];
    },
  ],
  [
    'a custodian after another policy was put in force',
    'wrong_policy',
    async () => {
      const opened = await proposed();
      await opened.world.changePolicy({ veto: true }, opened.ana, opened.ana, opened.ben);
      return [opened, opened.cleo];
    },
  ],
];

describe.each(['approve', 'deny'] as const)('%s', (decision) => {
  test.each(REFUSED)('the console shows to %s what the fold refuses: %s', async (_, code, make) => {
    const [opened, who] = await make();
    const shown = codesOnScreen(opened, who, decision);
    expect(shown).toContain(code);
    expect(await codeOfTheFold(opened, who, decision)).toBe(code);
  });

  test('the console shows no obstacle to a decision that the fold takes', async () => {
    const opened = await proposed();
    expect(codesOnScreen(opened, opened.ben, decision)).toEqual([]);
    expect(await codeOfTheFold(opened, opened.ben, decision)).toBe('taken');
  });
});
