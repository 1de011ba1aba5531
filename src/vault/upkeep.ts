import type { Hex } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import type { EntryDraft } from '../core/log/entry.ts';
import { earliestMs } from '../core/state/entries/time.ts';
import { endMs, isApproved, nextPhase } from '../core/state/lifecycle.ts';
import type { Facts } from '../core/state/state.ts';
import type { Pause } from './act.ts';
import type { ClockState } from './clock-watch.ts';
import type { Context } from './context.ts';
import { settleUploads } from './deposit.ts';
import { UPLOAD_SILENCE_MS } from './limits.ts';
import { grantOf } from './release.ts';
import { dropUpload } from './upload.ts';

/** Most entries of one kind that one round appends; the rest wait for the next round. */
const MAX_ENTRIES_A_ROUND = 32;

/** Receives the reports of a round. */
export interface UpkeepEars {
  /** Takes the state of the clock, early in each round. */
  readonly onClock: (state: ClockState) => void;
  /** Takes the error of a part that failed. The other parts of the round still run. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Periodic work: expiries, folded refusals, delayed releases, stale uploads, and a heartbeat if the log got no other
 * entry for `heartbeatMs`. On a clock that is not confirmed the vault releases nothing and ends nothing by that clock;
 * both wait for a custodian. After a jump the wall clock dates none of this work, unless a machine's clock agrees with
 * it (ClockWatch). If the clock is behind the time that custodians have signed, all of it waits. Before genesis, upkeep
 * only tests whether the log can be written.
 */
export async function upkeep(context: Context, heartbeatMs: number, { onClock, onFault }: UpkeepEars): Promise<void> {
  const { recorder, watch, readiness } = context;
  const attempt = (part: () => Promise<void>) => part().catch(onFault);
  await attempt(() => readiness.look(context));
  if (recorder.state === null) return;
  await attempt(() => recorder.recordUnsigned());
  await attempt(async () => onClock(watch.look(recorder.facts)));
  await attempt(() => settleUploads(context));
  if (isBehind(context)) return;
  const overMs = watch.overMs(recorder.facts.attestedMs);
  for (const { digest } of due(context, overMs)) await attempt(() => expire(context, digest));
  if (context.refusals.isDue) await attempt(() => tellRefusals(context));
  if (watch.isConfirmed) await attempt(() => releaseWhatWaits(context));
  await attempt(() => dropUnfinished(context, overMs));
  await attempt(() => showLife(context, heartbeatMs));
}

/** Whether the log would refuse entries that the vault dates by this clock. */
function isBehind({ recorder, watch }: Context): boolean {
  return watch.nowMs < earliestMs(recorder.facts);
}

/** Releases approved proposals that had to wait. It needs a confirmed clock: the clock counts the day's budget. */
async function releaseWhatWaits(context: Context): Promise<void> {
  const approved = context.recorder.facts.proposals.valueSeq().filter(isApproved);
  for (const { digest } of approved) await releaseIfReady(context, digest);
}

async function releaseIfReady(context: Context, digest: Hex): Promise<void> {
  const { recorder, watch } = context;
  const follow = async (facts: Facts, timeMs: number, pause: Pause) => {
    const release = await grantOf(context, facts, digest, timeMs, pause);
    must(release !== null, 'proposal_closed', 'it has been released, or ended, in the meantime');
    return release;
  };
  try {
    await recorder.record(() => ({ timeMs: watch.nowMs, drafts: [], follow }));
  } catch (error) {
    // The next round tries again.
    if (!(error instanceof TwinlockError)) throw error;
  }
}

function due({ recorder }: Context, overMs: number) {
  return recorder.facts.proposals
    .valueSeq()
    .filter((proposal) => nextPhase(proposal, 'expire') !== null && endMs(proposal) < overMs)
    .take(MAX_ENTRIES_A_ROUND);
}

async function expire({ recorder, watch }: Context, proposalDigest: Hex): Promise<void> {
  try {
    await recorder.record(() => ({
      timeMs: watch.nowMs,
      drafts: [{ kind: 'expiry', body: { proposal: proposalDigest } }],
    }));
  } catch (error) {
    // A stop or a last vote has ended it first.
    if (!(error instanceof TwinlockError && error.code === 'proposal_closed')) throw error;
  }
}

async function dropUnfinished(context: Context, overMs: number): Promise<void> {
  const { silence } = context;
  const uploads = await context.uploads.uploads();
  silence.look(uploads);
  for (const upload of uploads) {
    if (upload.expires < overMs || silence.ofMs(upload.id) >= UPLOAD_SILENCE_MS) await dropUpload(context, upload);
  }
}

async function showLife({ recorder, watch }: Context, heartbeatMs: number): Promise<void> {
  const timeMs = watch.nowMs;
  const last = recorder.state?.chain.recent.last()?.time ?? timeMs;
  // The last entry may be dated in the future, by a clock that was ahead.
  if (Math.abs(timeMs - last) >= heartbeatMs)
    await recorder.record(() => ({ timeMs, drafts: [{ kind: 'heartbeat', body: {} }] }));
}

/** Appends the folded refusals that the log has room for. Appends none while the vault's clock is behind the log. */
export async function tellRefusals(context: Context): Promise<void> {
  if (context.recorder.state === null || isBehind(context)) return;
  const timeMs = context.watch.nowMs;
  const told = context.refusals.tellable(context.recorder.facts, timeMs, MAX_ENTRIES_A_ROUND);
  if (told.length === 0) return;
  const drafts = told.map(({ body }): EntryDraft => ({ kind: 'refusal', body }));
  await context.recorder.record(() => ({ timeMs, drafts }));
  context.refusals.forget(told);
}
