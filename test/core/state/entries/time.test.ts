import { describe, expect, test } from 'vitest';
import { leaseEnd } from '../../../../client/host/times.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import type { EntryDraft } from '../../../../src/core/log/entry.ts';
import { endMs } from '../../../../src/core/state/lifecycle.ts';
import { standingOf } from '../../../../src/core/state/standing.ts';
import { chainInputOf, makeChain, shownBy } from '../../../world/authority.ts';
import { HOUR_MS } from '../../../world/founding.ts';
import { dischargeClaim } from '../../../world/log.ts';
import { asProposer } from '../../../world/world.ts';
import { published, type Stage } from '../stages.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;
const HEARTBEAT: EntryDraft = { kind: 'heartbeat', body: {} };
const refusal = (code: string) => expect.objectContaining({ code });

describe('a wrong clock of the vault alone', () => {
  test('leaves nothing behind: what it dated does not move the log’s clock', async () => {
    const { world, deposit, ben, cleo } = await published();
    const truth = world.now;
    await world.append(HEARTBEAT, { time: truth + 30 * DAY_MS });
    expect(world.facts.attestedMs).toBeLessThan(truth);
    world.now = truth;
    await world.append(HEARTBEAT);
    world.now = truth + MINUTE_MS;
    await world.release(await world.ask(deposit), ben, cleo);
  });

  test('makes no nonce fresh until that time has come', async () => {
    const { world, deposit } = await published();
    const checkpoint = world.checkpoint();
    const truth = world.now;
    await world.append(HEARTBEAT, { time: truth + 30 * DAY_MS });
    world.now = truth + HOUR_MS;
    const { statement } = await world.ask(deposit, { evidence: { checkpoint } });
    await expect(world.propose(statement)).rejects.toThrow(refusal('nonce_stale'));
  });

  test.each([
    [
      'a custodian has signed something in between',
      (stage: Stage) => stage.world.policyChange({ veto: true }, stage.ana),
    ],
    ['it has recorded anything else truly dated', () => null],
  ])('keeps no nonce fresh that it dated the next entry for, where %s', async (_, signed) => {
    const stage = await published();
    const { world, deposit } = stage;
    const checkpoint = world.checkpoint();
    const truth = world.now;
    await world.append(HEARTBEAT, { time: truth + 30 * DAY_MS });
    world.now = truth + DAY_MS;
    const statement = signed(stage);
    if (statement === null) await world.append(HEARTBEAT);
    else await world.propose(statement);
    world.now = truth + 30 * DAY_MS;
    const asked = await world.ask(deposit, { evidence: { checkpoint } });
    await expect(world.propose(asked.statement)).rejects.toThrow(refusal('nonce_stale'));
    await world.propose((await world.ask(deposit)).statement);
  });
});

test('the log’s clock is what custodians have signed, not what machines have', async () => {
  const { world, deposit, ana, ben } = await published();
  const before = world.facts.attestedMs;
  world.now += HOUR_MS;
  const release = await world.propose((await world.ask(deposit)).statement);
  expect(world.facts.attestedMs).toBe(before);
  const { now } = world;
  await world.approve(release, ben);
  expect(world.facts.attestedMs).toBe(now);
  world.now += HOUR_MS;
  const { created } = world.policyChange({ veto: true }, ana);
  await world.propose(world.policyChange({ veto: true }, ana));
  expect(world.facts.attestedMs).toBe(created);
});

describe('a log whose clock is ahead, because custodians’ clocks and the vault’s were wrong together,', () => {
  /** Thirty days ahead a release was granted, a policy proposed; now everybody's clock is right again. */
  async function ahead() {
    const stage = await published();
    const { world, deposit, ana, ben, cleo } = stage;
    const truth = world.now;
    const early = await world.propose(world.policyChange({ veto: true }, ana, { expires: truth + 20 * HOUR_MS }));
    world.now += 30 * DAY_MS;
    const asked = await world.ask(deposit);
    const release = await world.release(asked, ben, cleo);
    const late = await world.propose(world.policyChange({ groups: ['security'] }, ana));
    world.now = truth + HOUR_MS;
    return { ...stage, truth: world.now, early, late, release };
  }

  async function correct({ world, ana, ben }: Pick<Stage, 'world' | 'ana' | 'ben'>): Promise<string> {
    const correction = await world.propose(world.clockCorrection(ana));
    await world.approve(correction, ana, ben);
    return correction;
  }

  test('takes no other act than its correction', async () => {
    const { world, early, ben } = await ahead();
    await expect(world.approve(early, ben)).rejects.toThrow(refusal('time_backwards'));
    await expect(world.append(HEARTBEAT)).rejects.toThrow(refusal('time_backwards'));
  });

  test('is set back by a quorum, and everything goes on', async () => {
    const stage = await ahead();
    const { world, deposit, early, truth, ben, cleo } = stage;
    await correct(stage);
    expect(world.facts.attestedMs).toBeGreaterThanOrEqual(truth);
    expect(world.facts.attestedMs).toBeLessThan(truth + MINUTE_MS);
    await world.append(HEARTBEAT);
    await world.approve(early, ben);
    await world.release(await world.ask(deposit), ben, cleo);
  });

  test('is not set back by one, nor by who asks for it', async () => {
    const { world, ana } = await ahead();
    const { attestedMs } = world.facts;
    const correction = await world.propose(world.clockCorrection(ana));
    await world.approve(correction, ana);
    expect(world.facts.attestedMs).toBe(attestedMs);
    await expect(world.append(HEARTBEAT)).rejects.toThrow(refusal('time_backwards'));
  });

  test('is set back no further than the latest of its approvals', async () => {
    const { world, truth, ana, ben } = await ahead();
    const correction = await world.propose(world.clockCorrection(ana));
    await world.approve(correction, ben);
    // Ana and the vault are dishonest: her approval comes last, dated a week earlier.
    world.now = truth - 7 * DAY_MS;
    await world.approve(correction, ana);
    expect(world.facts.attestedMs).toBeGreaterThanOrEqual(truth);
  });

  test('is set back by its approvals alone: a denial that is dated ahead counts for nothing', async () => {
    const { world, truth, ana, ben, dan } = await ahead();
    const correction = await world.propose(world.clockCorrection(ana, { expires: truth + DAY_MS }));
    // Dan and the vault are dishonest.
    world.now = truth + 20 * HOUR_MS;
    await world.deny(correction, dan);
    world.now = truth + MINUTE_MS;
    await world.approve(correction, ana, ben);
    expect(world.facts.attestedMs).toBeLessThan(truth + HOUR_MS);
  });

  test('is set back by the approvals that count: not by one whose key has been retired since', async () => {
    const { world, truth, ana, ben, dan } = await ahead();
    const correction = await world.propose(world.clockCorrection(ana, { expires: truth + DAY_MS }));
    world.now = truth + 20 * HOUR_MS;
    await world.approve(correction, dan);
    const stop = world.stop('authenticator', digestOf(dan.authenticators[0].credential), dan);
    await world.append(await world.draftStop(stop), { time: world.facts.attestedMs });
    world.now = truth + MINUTE_MS;
    await world.approve(correction, ana, ben);
    expect(world.facts.proposals.get(correction)?.phase).toBe('executed');
    expect(world.facts.attestedMs).toBeLessThan(truth + HOUR_MS);
  });

  /** Somebody dishonest, and the vault, would date the last vote back to when the correction was proposed. */
  test('is not set back by a correction that was left open when another took effect', async () => {
    const stage = await ahead();
    const { world, deposit, truth, ana, ben, cleo, dan } = stage;
    const left = await world.propose(world.clockCorrection(cleo));
    const taken = await world.propose(world.clockCorrection(ana));
    await world.approve(left, ben);
    await world.approve(taken, ben, dan);
    const release = await world.propose((await world.ask(deposit)).statement);
    await world.approve(release, ben);
    const expired = world.now + HOUR_MS;
    world.now = truth + 400 * DAY_MS;
    await world.propose(world.policyChange({ veto: true }, ana));
    world.now = expired - 10 * MINUTE_MS;
    await expect(world.approve(left, cleo)).rejects.toThrow(refusal('wrong_base'));
    await expect(world.approve(release, cleo)).rejects.toThrow(refusal('time_backwards'));
  });

  test('is not set back by a correction that was left open until true time had caught up', async () => {
    const { world, truth, ana, ben, cleo } = await ahead();
    const left = await world.propose(world.clockCorrection(cleo));
    await world.approve(left, ben);
    world.now = truth + 31 * DAY_MS;
    await world.propose(world.policyChange({ veto: true }, ana));
    world.now = truth + MINUTE_MS;
    await expect(world.approve(left, cleo)).rejects.toThrow(refusal('wrong_base'));
  });

  test('is not set back behind a signature that came no later than the log’s clock', async () => {
    const { world, truth, ana, ben, cleo } = await ahead();
    const left = await world.propose(world.clockCorrection(cleo));
    await world.approve(left, ben);
    const { attestedMs } = world.facts;
    world.now = attestedMs - MINUTE_MS;
    await world.propose(world.policyChange({ veto: true }, ana));
    expect(world.facts.attestedMs).toBe(attestedMs);
    world.now = truth + MINUTE_MS;
    await expect(world.approve(left, cleo)).rejects.toThrow(refusal('wrong_base'));
  });

  test('takes no vote on its correction that is not behind it', async () => {
    const { world, truth, ana, ben } = await ahead();
    const expires = truth + 40 * DAY_MS;
    const { limits } = world.facts.policy.document;
    const correction = await world.propose(
      world.clockCorrection(ana, { expires: Math.min(expires, truth + limits.proposalMs) }),
    );
    world.now = world.facts.attestedMs - 5 * MINUTE_MS;
    await expect(world.approve(correction, ben)).rejects.toThrow(refusal('clock_skew'));
  });

  test('makes no lease longer: one that began in the future began at the true time', async () => {
    const stage = await ahead();
    const { world, release } = stage;
    await correct(stage);
    const granted = world.facts.proposals.get(release);
    expect(granted?.executed?.time).toBe(world.facts.attestedMs);
    expect(granted === undefined ? 0 : endMs(granted)).toBe(world.facts.attestedMs + HOUR_MS);
    expect(world.facts.granted.every(({ time }) => time <= world.facts.attestedMs)).toBe(true);
  });

  test('keeps nothing open that was proposed in the future', async () => {
    const stage = await ahead();
    const { world, early, late } = stage;
    const correction = await correct(stage);
    const phases = [early, late, correction].map((digest) => world.facts.proposals.get(digest)?.phase);
    expect(phases).toEqual(['open', 'expired', 'executed']);
    const { facts } = world;
    const standings = [early, late].flatMap((digest) => {
      const proposal = facts.proposals.get(digest);
      return proposal === undefined ? [] : [standingOf(facts, proposal, world.now)];
    });
    expect(standings).toEqual(['open', 'expired']);
    expect([early, late].map((digest) => facts.proposals.get(digest)?.setBack)).toEqual([false, true]);
    expect([...world.facts.proposedPolicies.keys()]).toEqual([early]);
  });

  test('lets no host open a release that was dated in the future, and every one that is made since', async () => {
    const stage = await ahead();
    const { world, deposit, ben, cleo, release } = stage;
    await correct(stage);
    const created = world.now;
    const next = await world.release(await world.ask(deposit), ben, cleo);
    const endOf = async (digest: string) => {
      const { claims, ...authority } = shownBy(makeChain(chainInputOf(world, digest)), world.vault, digest);
      for (const claim of claims) await dischargeClaim(claim);
      return leaseEnd(authority, { created }, world.now);
    };
    await expect(endOf(release)).rejects.toThrow(refusal('clock_skew'));
    const granted = world.facts.proposals.get(next);
    expect(await endOf(next)).toBe(granted === undefined ? 0 : endMs(granted));
  });

  test('a machine cannot propose to correct it', async () => {
    const { world, ana } = await ahead();
    const proposer = asProposer(world.founding.requester) as never;
    const draft = await world.draftProposal(world.clockCorrection(ana, { proposer }));
    await expect(world.append(draft)).rejects.toThrow(refusal('malformed'));
  });
});
