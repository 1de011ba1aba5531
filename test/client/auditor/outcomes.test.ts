import { Map as PersistentMap } from 'immutable';
import { expect, test } from 'vitest';
import { completenessOf, EMPTY_TALLY, tallied } from '../../../client/auditor/completeness.ts';
import type { Entry } from '../../../src/core/log/entry.ts';
import { FORGET_EVERY_ENTRIES } from '../../../src/core/state/bounds.ts';
import type { Facts } from '../../../src/core/state/state.ts';
import { releasedWorld } from '../../world/world.ts';

test('an audit counts proposals that the facts have forgotten', async () => {
  const { world, asked, release } = await releasedWorld({ label: 'audited' });
  await world.append(world.draftHostReceipt(asked));
  const unwanted = await world.propose(world.policyChange({ veto: true }, world.founder('ana')));
  await world.append(
    await world.draftApproval(unwanted, world.founder('ben'), { decision: 'deny', reason: 'no need' }),
  );
  const [whole] = [world.facts];
  const heartbeat = (index: number) => ({ kind: 'heartbeat', index, time: world.now }) as unknown as Entry;
  const report = (facts: Facts, tally: typeof EMPTY_TALLY) => {
    const { proposals, releases, denials } = completenessOf(facts, tally, world.now, true);
    return { proposals, releases, denials };
  };
  const before = tallied(EMPTY_TALLY, heartbeat(FORGET_EVERY_ENTRIES - 2), whole);
  const expected = report(whole, before);
  expect(expected).toMatchObject({ releases: { granted: 1, receipts: 1 }, denials: [{ reason: 'no need' }] });
  expect(whole.proposals.has(release)).toBe(true);
  const forgetful = { ...whole, proposals: PersistentMap<string, never>() };
  const after = tallied(before, heartbeat(FORGET_EVERY_ENTRIES - 1), forgetful);
  expect(report(forgetful, after)).toEqual(expected);
  expect(report(forgetful, before)).not.toEqual(expected);
});
