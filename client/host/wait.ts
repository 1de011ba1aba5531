import { type Code, must, TwinlockError } from '../../src/core/errors.ts';
import { MAX_DURATION_MS } from '../../src/core/schema.ts';
import { MAX_SKEW_MS } from '../../src/core/state/judgement.ts';
import { standingText } from '../../src/core/state/standing.ts';
import type { Api, ProposalView } from '../api.ts';
import { DEFAULT_RETRY, type RetryPolicy, withRetry } from '../retry.ts';
import { HOST_CLOCK, leaseOver } from './clock.ts';
import type { PendingRelease } from './pending-release.ts';

/** The vault answers earlier when something happens. */
const WAIT_SECONDS = 30;

/** How a proposal that will not be released ended. */
const ENDS: Readonly<Record<string, readonly [Code, string]>> = {
  denied: ['proposal_closed', 'the custodians denied the release'],
  expired: ['statement_expired', 'the custodians did not decide in time: request it anew'],
  withdrawn: ['proposal_closed', 'the request was withdrawn'],
  revoked: ['proposal_closed', 'the release was revoked'],
};

/**
 * Waits until a release is in force. `onProgress` is told of every change. The wait ends by this host's own clock too,
 * five minutes after the statement has expired or the lease is over, and takes no release that comes later. Throws `proposal_closed` (denied,
 * withdrawn, revoked, overtaken, or the lease is over; `detail.phase` says which), `wrong_policy`, `statement_expired`, `quorum_unreachable`, `unavailable`
 * once the vault has not been reached for as long as `retry` says, and `cancelled` by the API's signal. A vault that
 * says `rate_limited` is asked again when it says, for as long as the request stands.
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
    const end = ENDS[phase];
    if (end !== undefined) throw new TwinlockError(end[0], end[1], { phase });
    if (view.ended) throw new TwinlockError('proposal_closed', 'the lease is over: request it anew', { phase });
    requireLease(view, now());
    if (phase === 'executed') return view;
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

/** Nothing that happens later releases what has been overtaken, but the return of a policy; nor what no quorum can approve. */
function requireStillPossible({ phase, standing, overtaken, reach }: ProposalView): void {
  const code = overtaken === 'policy' ? 'wrong_policy' : 'proposal_closed';
  must(standing !== 'overtaken', code, `the request is ${standingText(standing, overtaken)}: request it anew`, {
    phase,
  });
  must(
    reach?.reachable !== false,
    'quorum_unreachable',
    'security keys were retired since it was requested, and those that are left are no quorum: see twinlock proposals',
    { phase },
  );
}

/**
 * Throws `proposal_closed` five minutes after the lease of a release in force has ended, by this host's own clock: a
 * vault whose clock is not confirmed does not say so, and would have this host ask without end.
 */
export function requireLease({ phase, leaseEnds }: ProposalView, nowMs: number): void {
  if (phase === 'executed' && nowMs > (leaseEnds ?? Number.POSITIVE_INFINITY) + MAX_SKEW_MS) throw leaseOver();
}

function requireInTime(expires: number, nowMs: number): void {
  must(
    nowMs <= expires + MAX_SKEW_MS,
    'statement_expired',
    'the request expired by this machine’s clock before the vault released it: request it anew',
  );
}
