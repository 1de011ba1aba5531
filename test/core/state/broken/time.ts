import type { EntryDraft } from '../../../../src/core/log/entry.ts';
import { HOUR_MS } from '../../../world/founding.ts';
import { published } from '../stages.ts';
import { type BrokenRule, MINUTE_MS, rulesAt } from './broken.ts';

const HEARTBEAT: EntryDraft = { kind: 'heartbeat', body: {} };
const time = rulesAt('state/entries/time.ts');

export const TIME: readonly BrokenRule[] = [
  time('time_backwards', 'an entry dated more than 5 minutes before what a custodian has signed', async () => {
    const { world } = await published();
    return [world, HEARTBEAT, { time: world.facts.attestedMs - 5 * MINUTE_MS - 1 }];
  }),
  time('time_backwards', 'an approval dated back to when its statement had not expired', async () => {
    const { world, deposit, ana, ben, cleo, dan } = await published();
    const proposal = await world.propose((await world.ask(deposit)).statement);
    await world.approve(proposal, ben);
    const inTime = world.now;
    world.now += 2 * HOUR_MS;
    // Somebody signs something else, in true time: from now on the statement has expired for everybody.
    await world.approve(await world.propose(world.policyChange({ veto: true }, ana)), cleo);
    world.now = inTime;
    return [world, await world.draftApproval(proposal, dan)];
  }),
  time('time_backwards', 'a vote on something else while the log’s clock is ahead', async () => {
    const { world, ana, ben } = await published();
    const truth = world.now;
    const change = await world.propose(world.policyChange({ veto: true }, ana));
    world.now += 30 * 24 * HOUR_MS;
    await world.propose(world.policyChange({ groups: ['security'] }, ana));
    world.now = truth + MINUTE_MS;
    return [world, await world.draftApproval(change, ben)];
  }),
  time('clock_skew', 'a correction of a clock that is right', async () => {
    const { world, ana } = await published();
    return [world, await world.draftProposal(world.clockCorrection(ana))];
  }),
  time('clock_skew', 'a correction of a clock that is no more than 5 minutes ahead', async () => {
    const { world, ana } = await published();
    world.now = world.facts.attestedMs - 5 * MINUTE_MS;
    return [world, await world.draftProposal(world.clockCorrection(ana))];
  }),
  rulesAt('state/kinds/clock.ts')('wrong_base', 'an approval of a correction that another overtook', async () => {
    const { world, ana, ben, cleo, dan } = await published();
    const truth = world.now;
    world.now += 30 * 24 * HOUR_MS;
    await world.propose(world.policyChange({ veto: true }, ana));
    world.now = truth + MINUTE_MS;
    const left = await world.propose(world.clockCorrection(cleo));
    await world.approve(await world.propose(world.clockCorrection(ana)), ben, dan);
    world.now = truth - 24 * HOUR_MS;
    return [world, await world.draftApproval(left, cleo)];
  }),
  time('time_backwards', 'a stop that its vault dates back', async () => {
    const { world, ana } = await published();
    const stop = await world.draftStop(world.stop('all', '00'.repeat(32), ana));
    return [world, stop, { time: world.facts.attestedMs - 5 * MINUTE_MS - 1 }];
  }),
];
