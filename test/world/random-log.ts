import { toBase64url } from '../../src/core/bytes.ts';
import { digestOf } from '../../src/core/canonical.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { endMs, nextPhase } from '../../src/core/state/lifecycle.ts';
import type { Proposal } from '../../src/core/state/state.ts';
import type { Deposit } from './deposit.ts';
import { HOUR_MS } from './founding.ts';
import { makeMachine, OUTSIDER } from './people.ts';
import type { World } from './world.ts';

type Step = (walk: Walk) => Promise<void>;

/** A world that goes on at random, and what it has deposited so far. */
interface Walk {
  readonly world: World;
  readonly deposits: Deposit[];
  readonly below: (bound: number) => number;
}

/** A log that goes on as people and machines happen to act, every signature real; the same label gives the same bytes. */
export async function walkAtRandom(world: World, steps: number): Promise<void> {
  const below = (bound: number) => new DataView(world.random(4).buffer).getUint32(0) % bound;
  const walk = { world, deposits: [], below };
  for (let step = 0; step < steps; step++) {
    const act = STEPS[below(STEPS.length)] as Step;
    // What the fold refuses is not recorded, as in a vault.
    await act(walk).catch((error: unknown) => {
      if (!(error instanceof TwinlockError)) throw error;
    });
  }
}

const pick = <T>({ below }: Walk, from: readonly T[]): T | undefined => from[below(Math.max(1, from.length))];

const founderOf = (walk: Walk) => walk.world.founding.founders[walk.below(4)] ?? walk.world.founding.founders[0];

const waiting = ({ world }: Walk): readonly Proposal[] =>
  [...world.facts.proposals.values()]
    .filter(({ phase }) => phase === 'open' || phase === 'approved')
    .sort((a, b) => a.index - b.index);

const vote: Step = async (walk) => {
  const found = pick(walk, waiting(walk));
  const founder = founderOf(walk);
  if (found === undefined || founder === undefined) return;
  if (walk.below(8) === 0) await walk.world.deny(found.digest, founder);
  else await walk.world.approve(found.digest, founder);
};

const deposit: Step = async ({ world, deposits }) => {
  deposits.push(await world.deposit({ version: String(deposits.length) }));
};

const confirm: Step = async (walk) => {
  const [found, founder] = [pick(walk, walk.deposits), founderOf(walk)];
  if (found !== undefined && founder !== undefined) await walk.world.confirm(found, founder);
};

const publish: Step = async (walk) => {
  const found = pick(walk, walk.deposits);
  if (found !== undefined) await walk.world.propose(walk.world.publication(found));
};

const ask: Step = async (walk) => {
  const found = pick(walk, walk.deposits);
  if (found === undefined) return;
  const purpose = walk.below(2) === 0 ? 'serving' : 'evaluation';
  const asked = await walk.world.ask(found, { purpose, hosts: 1 + walk.below(2) });
  const proposal = await walk.world.propose(asked.statement);
  await walk.world.approve(proposal, ...walk.world.founding.founders.slice(1, 1 + walk.below(4)));
  await walk.world.append({ kind: 'release', body: { proposal } });
  await walk.world.append(walk.world.draftHostReceipt(asked));
};

const policy: Step = async (walk) => {
  const { limits } = walk.world.facts.policy.document;
  const founder = founderOf(walk);
  if (founder === undefined) return;
  const changed = { limits: { ...limits, hosts: 2 + walk.below(30) } };
  await walk.world.propose(walk.world.policyChange(changed, founder));
};

const machine: Step = async (walk) => {
  const { world } = walk;
  const founder = founderOf(walk);
  if (founder === undefined) return;
  const name = `machine ${'abcdefghij'[walk.below(10)]}${world.log.length}`;
  const made = makeMachine({ role: 'auditor', name, ...OUTSIDER }, world.random);
  world.machines.push(made);
  await world.propose(world.principal(made.record, founder));
};

const stop: Step = async (walk) => {
  const { world } = walk;
  const founder = founderOf(walk);
  if (founder === undefined) return;
  const open = pick(walk, waiting(walk));
  switch (walk.below(6)) {
    case 0: {
      await world.append(await world.draftStop(world.stop('all', '00'.repeat(32), founder)));
      const digest = world.facts.stopped?.at(-1)?.digest ?? '';
      const resumption = await world.propose(world.resumption(digest, founder));
      await world.approve(resumption, ...world.founding.founders.slice(1, 3));
      return;
    }
    case 1: {
      const version = pick(walk, walk.deposits)?.manifest ?? '';
      await world.append(await world.draftStop(world.stop('version', version, founder)));
      return;
    }
    case 2: {
      const retired = pick(walk, world.machines);
      if (retired !== undefined) await world.retire(retired, founder);
      return;
    }
    case 3: {
      const target = digestOf(founder.authenticators[0].credential);
      if (walk.below(4) === 0) await world.append(await world.draftStop(world.stop('authenticator', target, founder)));
      return;
    }
    default: {
      const what = open?.statement.kind === 'release' ? 'release' : 'proposal';
      await world.append(await world.draftStop(world.stop(what, open?.digest ?? '', founder)));
    }
  }
};

const expire: Step = async ({ world }) => {
  const over = [...world.facts.proposals.values()]
    .sort((a, b) => a.index - b.index)
    .find((proposal) => nextPhase(proposal, 'expire') !== null && endMs(proposal) < world.now);
  if (over !== undefined) await world.append({ kind: 'expiry', body: { proposal: over.digest } });
};

const refuse: Step = async (walk) => {
  const who = toBase64url(founderOf(walk)?.authenticators[0].credential ?? new Uint8Array(1));
  const body = { code: 'out_of_scope', act: 'propose', who, count: 1 + walk.below(9), since: walk.world.now } as const;
  await walk.world.append({ kind: 'refusal', body });
};

/** Somebody’s clock and the vault’s are ahead for a moment, and a quorum sets the log’s clock back. */
const clock: Step = async (walk) => {
  const { world } = walk;
  const founder = founderOf(walk);
  const [one, two] = world.founding.founders;
  if (founder === undefined || one === undefined || two === undefined || walk.below(3) !== 0) return;
  const trueMs = world.now;
  world.now += 20 * HOUR_MS;
  await policy(walk);
  world.now = trueMs;
  await world.approve(await world.propose(world.clockCorrection(founder)), one, two);
};

const rest: Step = async ({ world, below }) => {
  world.now += below(90) * 60_000;
  await world.append({ kind: 'heartbeat', body: {} });
};

const STEPS: readonly Step[] = [
  ...[vote, vote, vote, vote, confirm, confirm, confirm, ask, ask, ask, expire, expire],
  ...[deposit, publish, publish, policy, machine, stop, stop, refuse, clock, rest, rest],
];
