import { TwinlockError } from '../core/errors.ts';
import type { Draft } from '../core/log/entry.ts';
import { endMs } from '../core/state/rules/expiry.ts';
import { earliestMs } from '../core/state/rules/time.ts';
import type { Proposal } from '../core/state/state.ts';
import type { ClockState } from './clock-watch.ts';
import type { Context } from './context.ts';
import { settleUploads } from './deposit.ts';
import { releaseApproved } from './release.ts';
import { dropUpload } from './upload.ts';

/** Entries that one round appends at the most; what is left waits for the next. */
const MAX_ENTRIES_A_ROUND = 32;

/**
 * What the passing of time asks for: ends that are told, refusals that are told folded, releases that had to
 * wait, uploads that were not finished, and a sign of life where nothing else was recorded for `heartbeatMs`. On a clock
 * that is not confirmed nothing is released, nor ended or dropped by it: that waits for a custodian. A wall clock that
 * has jumped dates nothing of this (ClockWatch). Where the clock is behind what custodians have signed, the log takes
 * none of it, and all of it waits. `onClock` hears how the clock stands, before anything else is done. Does nothing
 * before genesis.
 */
export async function upkeep(
  context: Context,
  heartbeatMs: number,
  onClock: (state: ClockState) => void,
): Promise<void> {
  const { recorder, watch } = context;
  if (recorder.state === null) return;
  onClock(watch.look(recorder.facts));
  await settleUploads(context);
  if (isBehind(context)) return;
  const overMs = watch.overMs(recorder.facts.attestedMs);
  await expire(context, overMs);
  if (context.refusals.isDue) await tellRefusals(context);
  if (watch.isConfirmed) await releaseWhatWaits(context);
  for (const upload of await context.uploads.uploads()) {
    if (upload.expires < overMs) await dropUpload(context, upload);
  }
  const timeMs = watch.nowMs;
  const last = recorder.state?.chain.times.last() ?? timeMs;
  // Also where the last entry was dated by a clock that was ahead.
  if (Math.abs(timeMs - last) >= heartbeatMs)
    await recorder.record(() => ({ timeMs, drafts: [{ kind: 'heartbeat', body: {} }] }));
}

/** The log takes nothing that the vault would date by this clock. */
function isBehind({ recorder, watch }: Context): boolean {
  return watch.nowMs < earliestMs(recorder.facts);
}

/** The day's budget is counted by the clock, and what has been released is not taken back. */
async function releaseWhatWaits(context: Context): Promise<void> {
  const approved = context.recorder.facts.proposals.valueSeq().filter(({ phase }) => phase === 'approved');
  for (const { digest } of approved) await releaseApproved(context, digest);
}

async function expire({ recorder, watch }: Context, overMs: number): Promise<void> {
  const due = recorder.facts.proposals
    .valueSeq()
    .filter((proposal) => isUnderWay(proposal) && endMs(proposal) < overMs)
    .take(MAX_ENTRIES_A_ROUND);
  // One act each: what one of them meets leaves the others alone.
  for (const { digest } of due) {
    try {
      await recorder.record(() => ({ timeMs: watch.nowMs, drafts: [{ kind: 'expiry', body: { proposal: digest } }] }));
    } catch (error) {
      // A stop or a last vote has ended it first.
      if (!(error instanceof TwinlockError && error.code === 'proposal_closed')) throw error;
    }
  }
}

function isUnderWay({ phase, statement, ended }: Proposal): boolean {
  return phase === 'open' || phase === 'approved' || (phase === 'executed' && statement.kind === 'release' && !ended);
}

/** Appends those of the folded refusals that the log has room for; none while the vault's clock is behind the log's. */
export async function tellRefusals(context: Context): Promise<void> {
  if (context.recorder.state === null || isBehind(context)) return;
  const drafts: Draft[] = context.refusals
    .take(context.recorder.facts, MAX_ENTRIES_A_ROUND)
    .map((body) => ({ kind: 'refusal', body }));
  if (drafts.length > 0) await context.recorder.record(() => ({ timeMs: context.watch.nowMs, drafts }));
}
