import { describe, expect, test } from 'vitest';
import {
  advanced,
  isEnd,
  isInForce,
  isPending,
  LIFECYCLE,
  nextPhase,
  PHASES,
  proposalOf,
  releaseOf,
  STANDINGS,
} from '../../../src/core/state/lifecycle.ts';
import type { Proposal, ProposalPhase } from '../../../src/core/state/state.ts';
import { failureOf } from './sites.ts';
import { released } from './stages.ts';

const EVENTS = ['approve', 'execute', 'deny', 'expire', 'withdraw', 'stop'] as const;
type Row = readonly (ProposalPhase | null)[];

/** A release: phase × event, in the order above. Whatever else is proposed has nothing after `executed`. */
const ROWS: Readonly<Record<ProposalPhase, Row>> = {
  open: ['approved', 'executed', 'denied', 'expired', 'withdrawn', 'withdrawn'],
  approved: ['approved', 'executed', 'denied', 'expired', 'withdrawn', 'withdrawn'],
  executed: [null, null, null, 'ended', null, 'revoked'],
  denied: [null, null, null, null, null, null],
  expired: [null, null, null, null, null, null],
  withdrawn: [null, null, null, null, null, null],
  revoked: [null, null, null, null, null, null],
  ended: [null, null, null, null, null, null],
};

const { world, release: RELEASE } = await released();
const RELEASED = proposalOf(world.facts, RELEASE);
const PUBLICATION = world.facts.proposals.find(({ statement }) => statement.kind === 'publish') as Proposal;
const CASES = PHASES.flatMap((phase) => EVENTS.map((event, i) => [phase, event, ROWS[phase][i] ?? null] as const));

describe('the one table of a proposal’s life', () => {
  test.each(CASES)('a release that is %s, after the event %s: %s', async (phase, event, next) => {
    const proposal = { ...RELEASED, phase };
    expect(nextPhase(proposal, event)).toBe(next);
    if (next === null) expect((await failureOf(() => advanced(proposal, event, 7))).code).toBe('proposal_closed');
    else expect(advanced(proposal, event, 7)).toEqual({ ...proposal, phase: next, phaseAt: 7 });
  });

  test('is the same for what is no release, which ends with its effect', () => {
    for (const [phase, event, next] of CASES) {
      const expected = phase === 'executed' ? null : next;
      expect([phase, event, nextPhase({ ...PUBLICATION, phase }, event)]).toEqual([phase, event, expected]);
    }
  });

  test('has a row for every standing, and nothing follows on an end', () => {
    expect(STANDINGS.filter((standing) => standing !== 'overtaken')).toEqual(PHASES);
    for (const phase of PHASES.filter(isEnd)) expect(LIFECYCLE[phase]).toEqual({});
    expect(STANDINGS.filter(isPending)).toEqual(['open', 'approved']);
  });

  test('lets what was overtaken be ended or return, and take effect no more', () => {
    expect(LIFECYCLE.overtaken).toEqual({
      ...{ deny: 'denied', expire: 'expired', withdraw: 'withdrawn', stop: 'withdrawn' },
      restore: 'open',
    });
  });
});

test('a release is in force from when it was granted until its lease is over, and in no other phase', () => {
  const release = releaseOf(world.facts, RELEASE) ?? RELEASED;
  const lastMs = (release.executed?.time ?? 0) + (release.statement as { leaseMs: number }).leaseMs;
  expect([isInForce(release, lastMs), isInForce(release, lastMs + 1)]).toEqual([true, false]);
  for (const phase of PHASES) expect(isInForce({ ...release, phase }, lastMs)).toBe(phase === 'executed');
  expect(isInForce(PUBLICATION, 0)).toBe(false);
});

test('what is no release is none under its digest, and what was not proposed is refused', async () => {
  expect(releaseOf(world.facts, PUBLICATION.digest)).toBeNull();
  expect(releaseOf(world.facts, '77'.repeat(32))).toBeNull();
  expect((await failureOf(() => proposalOf(world.facts, '77'.repeat(32)))).code).toBe('proposal_unknown');
});
