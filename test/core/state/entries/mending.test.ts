import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { TwinlockError } from '../../../../src/core/errors.ts';
import { requireMendable } from '../../../../src/core/state/entries/mending.ts';
import type { Facts } from '../../../../src/core/state/state.ts';
import type { Policy } from '../../../../src/core/statement/policy.ts';
import { POLICY } from '../../../world/founding.ts';
import type { Founder } from '../../../world/people.ts';
import type { World } from '../../../world/world.ts';
import { founded } from '../stages.ts';

vi.setConfig({ testTimeout: 60_000 });

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const EIB = 1n << 60n;

/** Mostly what is allowed, up to every bound; now and then what lies past it. */
const within = <T>(allowed: readonly T[], past: readonly T[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...allowed) }, { weight: 1, arbitrary: fc.constantFrom(...past) });
const bytes = within(['0', '1', String(EIB)], [String(EIB + 1n), String((1n << 64n) - 1n)]);
const anyPolicy = fc.record({
  groups: fc.uniqueArray(within(['security', 'research'], ['board']), { maxLength: 3 }),
  veto: fc.boolean(),
  limits: fc.record({
    proposalMs: within([HOUR_MS, DAY_MS, 90 * DAY_MS], [1, HOUR_MS - 1, 90 * DAY_MS + 1, Number.MAX_SAFE_INTEGER]),
    leaseMs: within([1, DAY_MS, 366 * DAY_MS], [0, 366 * DAY_MS + 1, Number.MAX_SAFE_INTEGER]),
    hosts: within([1, 64], [0, 65, Number.MAX_SAFE_INTEGER]),
    bytesPerRelease: bytes,
    bytesPerDay: bytes,
  }),
  publication: fc.record({ evaluation: fc.boolean(), modelSignature: fc.boolean() }),
});

/** A change that everybody approves in turn, until it is in force; its proposal is open for as long as it may be. */
async function change(world: World, policy: Partial<Policy>, by: Founder, everybody: readonly Founder[]) {
  const { digest, document } = world.facts.policy;
  const expires = world.now + document.limits.proposalMs;
  const proposal = await world.propose(world.policyChange(policy, by, { expires }));
  for (const founder of everybody) {
    if (world.facts.policy.digest === digest) await world.approve(proposal, founder);
  }
  expect(world.facts.policy.digest).not.toBe(digest);
}

test('under any policy that is taken, another can be proposed and approved', async () => {
  const counts = { taken: 0, refused: 0 };
  const property = fc.asyncProperty(anyPolicy, async (policy) => {
    const { world, ana, ben, cleo, dan } = await founded();
    const everybody = [ana, ben, cleo, dan];
    try {
      await change(world, policy, ana, everybody);
    } catch (error) {
      if (!(error instanceof TwinlockError)) throw error;
      counts.refused++;
      return;
    }
    counts.taken++;
    await change(world, { ...POLICY, limits: { ...POLICY.limits, hosts: 7 } }, ben, everybody);
  });
  await fc.assert(property, { numRuns: 60 });
  expect(counts.taken).toBeGreaterThan(10);
  expect(counts.refused).toBeGreaterThan(0);
});

describe('the trial of a policy, which no list of conditions replaces, refuses one', () => {
  const under = (facts: Facts, changes: Partial<Policy>): Facts => ({
    ...facts,
    policy: { digest: '77'.repeat(32), document: { ...facts.policy.document, ...changes } },
  });
  const limits = (proposalMs: number) => ({ limits: { ...POLICY.limits, proposalMs } });

  test.each<[string, Partial<Policy>]>([
    ['whose proposals end before anybody can approve', limits(1)],
    ['whose proposals end after time does', limits(Number.MAX_SAFE_INTEGER)],
    ['that asks for a group without members', { groups: ['board'] }],
    // Of the founders' group `research`, ben and dan are members.
    ['that asks for two groups, one of them without members', { groups: ['research', 'board'] }],
  ])('%s', async (_what, changes) => {
    const { world } = await founded();
    expect(() => requireMendable(world.facts, world.now)).not.toThrow();
    const refusal = expect.objectContaining({ code: 'quorum_unreachable' });
    expect(() => requireMendable(under(world.facts, changes), world.now)).toThrow(refusal);
  });
});
