import { discharge } from '../../src/core/state/discharge.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { chainInputOf, makeChain, shownBy } from '../world/authority.ts';
import { POLICY } from '../world/founding.ts';
import { type Founder, makeMachine, OUTSIDER } from '../world/people.ts';
import { publishedWorld, type World } from '../world/world.ts';
import { race } from './measure.ts';
import { type Bench, row } from './row.ts';

const MAX_CHAIN_BYTES = 1 << 20;
const ZEROS = '00'.repeat(32);

/**
 * What a host checks before it opens a share, of a vault that has changed its policy 1,000 times, enrolled 500 machines,
 * and was stopped and resumed 20 times: as JSON, parsed and verified, every signature included. It makes its log anew,
 * which takes about a minute. Throws where the chain is 1 MiB or more.
 */
export const authorityBench: Bench = async ({ quick, say }) => {
  const [policies, machines, stops] = quick ? [20, 10, 2] : [1000, 500, 20];
  const { world, deposit } = await publishedWorld();
  say(`making a log with ${policies} changes of policy and ${machines} machines`);
  await liveThrough(world, policies, machines, stops);
  const release = await world.release(await world.ask(deposit), world.founder('ben'), world.founder('cleo'));
  const json = JSON.stringify(makeChain(chainInputOf(world, release)));
  const bytes = Buffer.byteLength(json);
  if (bytes >= MAX_CHAIN_BYTES) throw new Error(`expected a chain below 1 MiB, got ${bytes} bytes`);
  const verify = async () => {
    const { claims } = shownBy(JSON.parse(json), world.vault, release);
    await discharge(claims, async (claim) => verifyNode(claim));
  };
  const rounds = await race({ verify: { act: verify } }, quick ? 3 : 9);
  const what = `a chain of ${bytes} bytes after ${policies} policies, ${machines} machines, ${world.log.length} entries`;
  return { rows: [row('authority', what, rounds.verify, { unit: 'ms', work: 1 }, null)], skipped: [] };
};

async function liveThrough(world: World, policies: number, machines: number, stops: number): Promise<void> {
  const [ana, ben, cleo] = world.founding.founders as readonly [Founder, Founder, Founder];
  for (let i = 0; i < policies; i++) {
    await world.changePolicy({ limits: { ...POLICY.limits, hosts: 1 + (i % 64) } }, ana, ana, ben);
  }
  for (let i = 0; i < machines; i++) {
    const machine = makeMachine({ role: 'auditor', name: `machine ${i}`, ...OUTSIDER }, world.random);
    await world.approve(await world.propose(world.principal(machine.record, ana)), ben, cleo);
    if (i % 2 === 0) await world.retire(machine, ana);
  }
  for (let i = 0; i < stops; i++) {
    await world.append(await world.draftStop(world.stop('all', ZEROS, cleo)));
    const resumption = world.resumption(world.facts.stopped?.at(-1)?.digest ?? '', ana);
    await world.approve(await world.propose(resumption), ben, cleo);
  }
}
