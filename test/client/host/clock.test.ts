import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Lease } from '../../../client/host/clock.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const over = expect.objectContaining({ code: 'lease_over' });

/** A host's two clocks, and timers that follow the monotonic one. */
class Clocks {
  wallMs = 1_767_225_600_000;
  monotonicMs = 1000;
  now = () => this.wallMs;
  monotonic = () => this.monotonicMs;

  async pass(ms: number): Promise<void> {
    this.wallMs += ms;
    this.monotonicMs += ms;
    await vi.advanceTimersByTimeAsync(ms);
  }
}

describe('a lease', () => {
  let clocks: Clocks;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    clocks = new Clocks();
  });
  afterEach(() => vi.useRealTimers());
  const leaseOf = (ms: number) => new Lease(clocks.wallMs + ms, clocks);

  test('ends at its end, and ends what waits for the vault', async () => {
    const lease = leaseOf(HOUR_MS);
    await clocks.pass(HOUR_MS - 1);
    lease.requireLive();
    expect(lease.signal.aborted).toBe(false);
    await clocks.pass(1);
    expect(lease.signal.aborted).toBe(true);
    expect(() => lease.requireLive()).toThrow(over);
  });

  test('is no longer for a wall clock that is set back', async () => {
    const lease = leaseOf(HOUR_MS);
    clocks.wallMs -= 30 * DAY_MS;
    await clocks.pass(HOUR_MS);
    expect(lease.signal.aborted).toBe(true);
    expect(() => lease.requireLive()).toThrow(over);
  });

  test('is no longer for a machine that slept: its monotonic clock stood still, its wall clock did not', () => {
    const lease = leaseOf(HOUR_MS);
    clocks.wallMs += 2 * HOUR_MS;
    expect(() => lease.requireLive()).toThrow(over);
  });

  test('longer than the longest timer does not end early', async () => {
    const lease = leaseOf(40 * DAY_MS);
    await clocks.pass(26 * DAY_MS);
    expect(lease.signal.aborted).toBe(false);
    lease.requireLive();
    await clocks.pass(14 * DAY_MS);
    expect(lease.signal.aborted).toBe(true);
  });

  test('that is no longer needed leaves no timer', () => {
    const lease = leaseOf(HOUR_MS);
    expect(vi.getTimerCount()).toBe(1);
    lease.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
