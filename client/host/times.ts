import { aheadText, durationText } from '../../src/core/duration.ts';
import { must } from '../../src/core/errors.ts';
import type { VerifiedAuthority } from '../../src/core/state/authority.ts';
import { MAX_SKEW_MS } from '../../src/core/state/judgement.ts';
import { endMs } from '../../src/core/state/lifecycle.ts';
import { leaseOver } from './clock.ts';
import type { PendingRelease } from './pending-release.ts';

/**
 * Holds the times of a verified authority chain against this host's own clock and what the host knows itself: when it
 * made its keys. A vault with a frozen clock and one dishonest approver can write any time; neither can set this clock.
 * Returns when the lease ends, in milliseconds since the epoch. Throws `clock_skew`, and `lease_over`
 * where the lease is over.
 */
export function leaseEnd(
  { attestedMs, release }: VerifiedAuthority,
  { created: keysMade }: Pick<PendingRelease, 'created'>,
  nowMs: number,
): number {
  const { statement, votes, executed } = release;
  const releasedMs = executed.time;
  const newestMs = Math.max(attestedMs, releasedMs);
  const aheadSeconds = Math.round((newestMs - nowMs) / 1000);
  must(
    newestMs <= nowMs + MAX_SKEW_MS,
    'clock_skew',
    `the vault’s log is ${aheadText(newestMs, nowMs)} this machine’s clock: set the one that is wrong`,
    { seconds: aheadSeconds },
  );
  const oldestMs = Math.min(statement.created, releasedMs, ...votes.map(({ time }) => time));
  const olderSeconds = Math.round((keysMade - oldestMs) / 1000);
  must(
    oldestMs >= keysMade - MAX_SKEW_MS,
    'clock_skew',
    `the log dates the release ${durationText(keysMade - oldestMs)} before this host made its keys: set the clock that is wrong, and request it anew`,
    { seconds: olderSeconds },
  );
  const endsAtMs = endMs(release);
  if (nowMs >= endsAtMs) throw leaseOver();
  return endsAtMs;
}
