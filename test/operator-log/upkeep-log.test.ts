import { rmSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { clockLine } from '../../src/cli/clock-line.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { LineBounds } from '../../src/operator-log/line-bounds.ts';
import { boundedFaults, clockTeller } from '../../src/operator-log/upkeep-log.ts';
import type { ClockState } from '../../src/vault/clock-watch.ts';
import { startProcess } from '../world/daemon-process.ts';
import { proposeAs } from '../world/vault/acts.ts';
import { foundVault } from '../world/vault/members.ts';
import { type Prepared, prepareVault } from '../world/vault/prepared.ts';
import { openVault, startInProcess } from '../world/vault/vault.ts';

vi.setConfig({ testTimeout: 40_000 });

const HOUR_MS = 60 * 60_000;
const DAY_SECONDS = 24 * 60 * 60;
/** How often a daemon looks at its clock. */
const ROUND_MS = 5000;
const ROUNDS_AN_HOUR = HOUR_MS / ROUND_MS;

const clock = { nowMs: 0, monotonic: () => clock.nowMs };
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** So many rounds of upkeep, in each of which the same happens. */
function rounds(count: number, act: (round: number) => void): void {
  for (let i = 0; i < count; i++, clock.nowMs += ROUND_MS) act(i);
}

describe('what fails in every round of upkeep', () => {
  test('is told at once, and then once an hour with how often', () => {
    const told: [unknown, number][] = [];
    const onFault = boundedFaults((error, leftOut) => told.push([error, leftOut]), clock);
    const full = new Error('database or disk is full');
    rounds(24 * ROUNDS_AN_HOUR, () => onFault(full));
    expect(told).toEqual([[full, 0], ...Array.from({ length: 23 }, () => [full, ROUNDS_AN_HOUR - 1])]);
  });

  test('is one kind whatever numbers it says, and hides no other', () => {
    const told: unknown[] = [];
    const onFault = boundedFaults((error) => told.push(String(error)), clock);
    rounds(100, (i) => {
      onFault(new TwinlockError('clock_skew', `the clock is ${i} s behind`));
      onFault(new Error(`page ${i} is torn`));
      onFault(new Error('of another kind'));
    });
    expect(told).toEqual(['TwinlockError: the clock is 0 s behind', 'Error: page 0 is torn', 'Error: of another kind']);
  });

  test('is told in a bounded number of lines, however many kinds there are', () => {
    const lines = new LineBounds(clock, HOUR_MS);
    let written = 0;
    for (let i = 0; i < 100_000; i++) if (lines.take(`kind ${i}`, 1) !== null) written++;
    expect(written).toBe(1001);
  });

  test('does not come from the daemon in every round', async () => {
    const vault = await openVault({}, { upkeepMs: 1 });
    cleanUps.push(() => vault.close());
    let asked = 0;
    vault.daemon.context.uploads.uploads = async () => {
      asked++;
      throw new Error('the store does not answer');
    };
    await vi.waitFor(() => expect(asked).toBeGreaterThan(20), { timeout: 20_000 });
    expect(vault.failures).toEqual([new Error('the store does not answer')]);
  });
});

describe('how the clock stands', () => {
  const stateOf = (standing: ClockState['standing']): ClockState => ({
    standing,
    jumpedSeconds: standing === 'awaited' ? null : 0,
    sinceSignedSeconds: 0,
  });

  test('is told at every change, and hourly while a person has to mend it', () => {
    const told: string[] = [];
    const tell = clockTeller(({ standing }) => told.push(standing), clock);
    for (const standing of ['awaited', 'confirmed', 'jumped', 'behind'] as const)
      rounds(3 * ROUNDS_AN_HOUR, () => tell(stateOf(standing)));
    expect(told).toEqual(['awaited', 'confirmed', 'jumped', 'jumped', 'jumped', 'behind', 'behind', 'behind']);
  });

  test('is told a bounded number of times where it changes in every round, and in the end as it is', () => {
    const told: string[] = [];
    const tell = clockTeller(({ standing }) => told.push(standing), clock);
    rounds(ROUNDS_AN_HOUR, (i) => tell(stateOf(i % 2 === 0 ? 'confirmed' : 'jumped')));
    expect(told).toHaveLength(12);
    rounds(ROUNDS_AN_HOUR, () => tell(stateOf('confirmed')));
    expect(told.at(-1)).toBe('confirmed');
  });
});

describe('the line of the clock', () => {
  test.each([
    [
      { standing: 'behind', jumpedSeconds: null, sinceSignedSeconds: -40 * DAY_SECONDS },
      /log’s clock, .* is 40 days ahead of the vault’s\..* nothing from custodians but stops and the setting back itself\..* set it\..*\(Propose\): see README, “Clocks”$/,
    ],
    [
      { standing: 'jumped', jumpedSeconds: 30 * DAY_SECONDS, sinceSignedSeconds: 0 },
      /has jumped, 30 days ahead since .* see README, “Clocks”$/,
    ],
    [{ standing: 'jumped', jumpedSeconds: -3600, sinceSignedSeconds: 0 }, /has jumped, 1 hour back since/],
    [
      { standing: 'awaited', jumpedSeconds: null, sinceSignedSeconds: 7260 },
      /which is 2 hours 1 minute ahead of the latest .*nothing to do: see README/,
    ],
  ] as const)('says in words which clock is ahead, by how long, and what to do: %o', (state, says) => {
    expect(clockLine(state)).toMatch(/^clock not confirmed: /);
    expect(clockLine(state)).toMatch(says);
  });
});

test('twinlockd says in one line, without a stack, that the log’s clock is ahead of its own', async () => {
  const prepared: Prepared = await prepareVault({ invitationDays: 60 });
  cleanUps.push(() => rmSync(prepared.dataDir, { recursive: true, force: true }));
  // Everybody's clock is 40 days ahead, then right.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 40 * DAY_SECONDS * 1000 });
  const before = await startInProcess(prepared.dataDir, []);
  const { ana } = await foundVault(before.url, prepared);
  const policy = before.context.recorder.facts.policy.document;
  await proposeAs(ana, { kind: 'policy', policy: { ...policy, veto: !policy.veto }, reason: 'a test' });
  await before.close();
  vi.useRealTimers();

  const daemon = startProcess(prepared.dataDir);
  cleanUps.push(() => daemon.kill());
  await vi.waitFor(() => expect(daemon.output()).toMatch(/clock not confirmed/), { timeout: 20_000 });
  expect(await daemon.stop()).toBe(0);
  const lines = daemon
    .output()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: number; msg: string; clock?: string });
  // What looks for a start that went well does not find one.
  expect(lines.find(({ msg }) => msg === 'serving')).toMatchObject({ level: 50, clock: 'behind' });
  const expected = /^(endorsements|serving|stopping|the whole log has been verified again)$/;
  const told = lines.filter(({ msg }) => !expected.test(msg));
  expect(told).toMatchObject([{ level: 50, standing: 'behind', msg: expect.stringMatching(/ahead of the vault’s/) }]);
  expect(daemon.output()).not.toMatch(/stack|upkeep failed/);
});
