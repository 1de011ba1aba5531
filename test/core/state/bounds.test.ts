import { List, Map as PersistentMap } from 'immutable';
import { expect, test, vi } from 'vitest';
import * as bounds from '../../../src/core/state/bounds.ts';
import { isOpen, isRelease } from '../../../src/core/state/lifecycle.ts';
import { encodeState } from '../../../src/core/state/snapshot.ts';
import type { Facts, Proposal } from '../../../src/core/state/state.ts';
import type { Deposit } from '../../world/deposit.ts';
import { HOUR_MS } from '../../world/founding.ts';
import { failureOf } from './sites.ts';
import { published, type Stage } from './stages.ts';

/** A thousandth of history is enough to fill what is bounded so. */
vi.mock(import('../../../src/core/state/bounds.ts'), () => ({
  WINDOW_ENTRIES: 48 as never,
  FORGET_EVERY_ENTRIES: 16 as never,
  OVER_PROPOSALS: 8 as never,
  CITABLE_EVALUATIONS: 2 as never,
  MAX_RESUMPTIONS: 4 as never,
  GRANTS: 5 as never,
  REFUSALS: 6 as never,
}));

const ZEROS = '00'.repeat(32);
const members = ({ committee }: Facts) => committee.members.length;
const persons = ({ principals, committee }: Facts) => principals.size + committee.members.length;
/** Entries that named something before it is forgotten. */
const NAMED = bounds.WINDOW_ENTRIES + bounds.FORGET_EVERY_ENTRIES;
const isAlive = (proposal: Proposal) => isOpen(proposal) || (isRelease(proposal) && proposal.phase === 'executed');
/** Open, in effect, citable, the last of a model, and what has ended since the fold last forgot. */
const proposals = ({ proposals, versions }: Facts) =>
  proposals.filter(isAlive).size +
  versions.size * (bounds.CITABLE_EVALUATIONS + 1) +
  bounds.OVER_PROPOSALS +
  bounds.FORGET_EVERY_ENTRIES;

/**
 * The most rows of each collection of the facts; null for a member that is no collection. FORMAT.md has the same list.
 */
const ROWS: { readonly [K in keyof Facts]: ((facts: Facts) => number) | null } = {
  vault: null,
  genesis: null,
  committee: null,
  policy: null,
  policyChanges: null,
  attestedMs: null,
  attestedAt: null,
  persons,
  firstSeen: persons,
  authenticators: ({ genesis }) => genesis.members.flatMap(({ enrolments }) => enrolments).length,
  principals: ({ principals }) => principals.size,
  versions: ({ versions }) => versions.size,
  names: ({ versions }) => versions.size,
  spellings: ({ versions }) => 3 * versions.size,
  proposals,
  proposedPolicies: (facts) => facts.proposals.filter(isOpen).size,
  policies: (facts) => proposals(facts) + 1,
  statements: () => NAMED,
  kemKeys: () => NAMED,
  evidence: () => NAMED,
  refusals: () => bounds.REFUSALS,
  granted: () => bounds.GRANTS,
  stopped: members,
  resumptions: () => bounds.MAX_RESUMPTIONS,
  heard: members,
};

const sizeOf = (value: unknown): number => {
  if (List.isList(value) || PersistentMap.isMap(value)) return value.size;
  return Array.isArray(value) ? value.length : 0;
};

/**
 * An hour of a vault in use: a release with its receipt, revoked; a stop and a resumption; another policy; a refusal.
 */
async function anHour({ world, ana, ben, cleo, dan }: Stage, of: Deposit, purpose: 'serving' | 'evaluation') {
  world.now += HOUR_MS + 1;
  await world.append({ kind: 'heartbeat', body: {} });
  const asked = await world.ask(of, { purpose });
  const release = await world.release(asked, ben, cleo);
  await world.append(world.draftHostReceipt(asked));
  await world.append(await world.draftStop(world.stop('release', release, ana)));
  await world.append(await world.draftStop(world.stop('all', ZEROS, dan)));
  const stopped = world.facts.stopped?.at(-1)?.digest ?? '';
  await world.approve(await world.propose(world.resumption(stopped, ana)), ben, cleo);
  const { veto } = world.facts.policy.document;
  await world.changePolicy({ veto: !veto }, ana, ana, ben);
  const body = { code: 'out_of_scope', act: 'propose', who: null, count: 1, since: world.now } as const;
  await world.append({ kind: 'refusal', body });
  return BigInt(asked.statement.bytes);
}

const sumOf = (all: Iterable<bigint>) => [...all].reduce((sum, one) => sum + one, 0n);

test('no collection of the facts grows with the history of the log', { timeout: 60_000 }, async () => {
  const stage = await published();
  const { world, deposit } = stage;
  const quarantined = await world.deposit({ version: 'waiting' });
  const most = new Map<string, number>();
  const encodedBytes: number[] = [];
  const released: bigint[] = [];
  for (let hour = 0; hour < 36; hour++) {
    const bytes =
      hour % 2 === 0 ? await anHour(stage, deposit, 'serving') : await anHour(stage, quarantined, 'evaluation');
    released.push(bytes);
    // No release of a day counts for less because it was joined with another.
    const counted = world.facts.granted.filter(({ time }) => time > world.now - 24 * HOUR_MS);
    expect(sumOf(counted.map((grant) => grant.bytes))).toBeGreaterThanOrEqual(sumOf(released.slice(-23)));
    for (const [name, rows] of Object.entries(ROWS)) {
      const size = sizeOf(world.facts[name as keyof Facts]);
      if (rows !== null) expect(size, `${name} at ${world.log.length} entries`).toBeLessThanOrEqual(rows(world.facts));
      most.set(name, Math.max(most.get(name) ?? 0, size));
    }
    encodedBytes.push(encodeState(world.state).length);
  }
  // The bounded collections were full while history went on.
  for (const name of ['refusals', 'granted', 'resumptions'] as const) {
    expect(most.get(name), name).toBe(ROWS[name]?.(world.facts));
  }
  expect(world.facts.proposals.size).toBeLessThan(36);
  expect(Math.max(...encodedBytes.slice(24))).toBeLessThan(1.1 * Math.max(...encodedBytes.slice(12, 24)));
});

test('a stop of everything that rests on a resumption which is forgotten is refused, and on the oldest that is kept it counts', async () => {
  const { world, ana, ben, cleo, dan } = await published();
  const heldBack: ReturnType<typeof world.stop>[] = [];
  // Dan was heard before all resumptions that are kept in the end.
  await world.append(await world.draftStop(world.stop('all', ZEROS, dan)));
  for (let i = 0; i < bounds.MAX_RESUMPTIONS; i++) {
    if (i > 0) await world.append(await world.draftStop(world.stop('all', ZEROS, ben)));
    const stopped = world.facts.stopped?.at(-1)?.digest ?? '';
    await world.approve(await world.propose(world.resumption(stopped, ana)), ben, cleo);
    heldBack.push(world.stop('all', ZEROS, dan));
  }
  const [oldest] = heldBack as [ReturnType<typeof world.stop>];
  expect(world.facts.resumptions).toHaveLength(bounds.MAX_RESUMPTIONS);
  expect(world.facts.resumptions[0]).toBe(oldest.base);
  const forgotten = await world.draftStop({ ...oldest, base: world.vault });
  expect(await failureOf(() => world.tryAppend(forgotten))).toMatchObject({ code: 'wrong_base' });
  await world.append(await world.draftStop(oldest));
  expect(world.facts.stopped).toMatchObject([{ name: 'dan' }]);
  for (const again of heldBack) {
    const draft = await world.draftStop({ ...again, nonce: 'ab'.repeat(32) });
    expect(await failureOf(() => world.tryAppend(draft)), again.base).toMatchObject({ code: 'wrong_base' });
  }
});
