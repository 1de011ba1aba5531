import { describe, expect, test } from 'vitest';
import type { Draft } from '../../../src/core/log/entry.ts';
import { verifyAuthority } from '../../../src/core/state/authority.ts';
import { endMs } from '../../../src/core/state/rules/expiry.ts';
import { chainInputOf, makeChain } from '../../world/authority.ts';
import { HOUR_MS } from '../../world/founding.ts';
import { dischargeClaim } from '../../world/log.ts';
import { asProposer } from '../../world.ts';
import { published, type Stage } from './stages.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;
const HEARTBEAT: Draft = { kind: 'heartbeat', body: {} };
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

  test('makes no lease longer: one that began in the future began at the true time', async () => {
    const stage = await ahead();
    const { world, release } = stage;
    await correct(stage);
    const granted = world.facts.proposals.get(release);
    expect(granted?.executedTime).toBe(world.facts.attestedMs);
    expect(granted === undefined ? 0 : endMs(granted)).toBe(world.facts.attestedMs + HOUR_MS);
    expect(world.facts.granted.every(({ time }) => time <= world.facts.attestedMs)).toBe(true);
  });

  test('keeps nothing open that was proposed in the future', async () => {
    const stage = await ahead();
    const { world, early, late } = stage;
    const correction = await correct(stage);
    const phases = [early, late, correction].map((digest) => world.facts.proposals.get(digest)?.phase);
    expect(phases).toEqual(['open', 'expired', 'executed']);
    expect([...world.facts.proposedPolicies.keys()]).toEqual([early]);
  });

  test('is corrected in a host’s authority chain as in the whole log', async () => {
    const stage = await ahead();
    const { world, deposit, ben, cleo, release } = stage;
    await correct(stage);
    const next = await world.release(await world.ask(deposit), ben, cleo);
    for (const digest of [release, next]) {
      const verified = verifyAuthority(makeChain(chainInputOf(world, digest)), world.vault, digest);
      for (const claim of verified.claims) await dischargeClaim(claim);
      expect(verified.release.executedTime).toBe(world.facts.proposals.get(digest)?.executedTime);
      expect(verified.facts.attestedMs).toBeLessThanOrEqual(world.facts.attestedMs);
    }
  });

  test('a machine cannot propose to correct it', async () => {
    const { world, ana } = await ahead();
    const proposer = asProposer(world.founding.requester) as never;
    const draft = await world.draftProposal(world.clockCorrection(ana, { proposer }));
    await expect(world.append(draft)).rejects.toThrow(refusal('malformed'));
  });
});
