import { must, TwinlockError } from '../../src/core/errors.ts';
import { quoted } from '../../src/core/quoted.ts';
import { MAX_DURATION_MS } from '../../src/core/schema.ts';
import { personText } from '../../src/core/state/checks/persons.ts';
import { MAX_SKEW_MS } from '../../src/core/state/judgement.ts';
import { ENDS, hasEnded, isEnd, isExecuted } from '../../src/core/state/lifecycle.ts';
import { reachAdvice, reachText } from '../../src/core/state/reach.ts';
import { stopText } from '../../src/core/state/running.ts';
import { standingText } from '../../src/core/state/standing.ts';
import type { Api, ProposalView } from '../api/api.ts';
import { DEFAULT_RETRY, type RetryPolicy, withRetry } from '../api/retry.ts';
import { HOST_CLOCK, leaseOver } from './clock.ts';
import type { PendingRelease } from './pending-release.ts';

/** The vault answers earlier when something happens. */
const WAIT_SECONDS = 30;

/**
 * Waits until a release is in force. `onProgress` is told of every change. The wait ends by this host's own clock too,
 * five minutes after the statement has expired or the lease is over, and takes no release that comes later. Throws
 * `request_denied`, with the custodians' reasons, `request_withdrawn` and `release_revoked`, with the reason of the
 * person who stopped it, `statement_expired`, `lease_over`, `wrong_policy` and `wrong_base` (overtaken),
 * `quorum_unreachable`, `unavailable` once the vault has not been reached for as long as `retry` says, and `cancelled`
 * by the API's signal. A vault that says `rate_limited` is asked again when it says, for as long as the request stands.
 */
export async function waitForRelease(
  api: Api,
  { release, expires }: Pick<PendingRelease, 'release' | 'expires'>,
  {
    onProgress = () => undefined,
    retry = DEFAULT_RETRY,
    now = HOST_CLOCK.now,
  }: {
    readonly onProgress?: (view: ProposalView) => void;
    readonly retry?: RetryPolicy;
    readonly now?: () => number;
  } = {},
): Promise<ProposalView> {
  let view = await withRetry(retry, () => api.proposal(release));
  for (;;) {
    onProgress(view);
    const { phase } = view;
    if (isEnd(phase)) throw endError(phase, view);
    requireLease(view, now());
    if (isExecuted(view)) return view;
    requireStillPossible(view);
    // Asked before every poll, so that a vault which has it wait without end ends nothing but the wait.
    view = await withRetry(
      retry,
      () => {
        requireInTime(expires, now());
        return api.awaitProposal(release, phase, WAIT_SECONDS);
      },
      MAX_DURATION_MS,
    );
    requireInTime(expires, now());
  }
}

/**
 * Nothing that happens later releases what has been overtaken, but the return of a policy; nor what no quorum can
 * approve.
 */
function requireStillPossible({ phase, standing, overtaken, reach }: ProposalView): void {
  const code = overtaken === 'policy' ? 'wrong_policy' : 'wrong_base';
  const how = standingText('release', standing, overtaken);
  must(standing !== 'overtaken', code, `the request is ${how}: request it anew`, { phase });
  if (reach === null || reach.reachable) return;
  const why = `the vault says: ${reachText(reach)}: ${reachAdvice(reach)}`;
  throw new TwinlockError('quorum_unreachable', `no quorum can approve the request any more: ${why}`, { phase });
}

/** With what those who ended it have said, by the vault's word: a requester reads no log. */
function endError(phase: keyof typeof ENDS, { votes, stop }: ProposalView): TwinlockError {
  const [code, message] = ENDS[phase];
  const reasons = votes.flatMap((vote) =>
    vote.reason === null ? [] : [`${personText(vote)}: ${quoted(vote.reason)}`],
  );
  const why = stop === null ? reasons : [stopText(stop)];
  const said = why.length === 0 || hasEnded({ phase }) ? '' : `: the vault says: ${why.join('; ')}`;
  return new TwinlockError(code, `${message}${said}`, { phase });
}

/**
 * Throws `lease_over` five minutes after the lease of a release in force has ended, by this host's own clock: a
 * vault whose clock is not confirmed does not say so, and would have this host ask without end.
 */
export function requireLease(view: ProposalView, nowMs: number): void {
  const lastMs = (view.leaseEnds ?? Number.POSITIVE_INFINITY) + MAX_SKEW_MS;
  if (isExecuted(view) && nowMs > lastMs) throw leaseOver();
}

function requireInTime(expires: number, nowMs: number): void {
  must(
    nowMs <= expires + MAX_SKEW_MS,
    'statement_expired',
    'the request expired by this machine’s clock before the vault released it: request it anew',
  );
}
