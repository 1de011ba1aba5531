import type { Hex } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import type { EntryDraft } from '../core/log/entry.ts';
import { earliestMs } from '../core/state/entries/time.ts';
import { endMs, isApproved, nextPhase } from '../core/state/lifecycle.ts';
import type { Facts } from '../core/state/state.ts';
import type { ClockState } from './clock-watch.ts';
import type { Context } from './context.ts';
import { settleUploads } from './deposit.ts';
import { UPLOAD_SILENCE_MS } from './limits.ts';
import type { Pause } from './recorder.ts';
import { grantOf } from './release.ts';
import { dropUpload } from './upload.ts';

/** Entries that one round appends at the most; what is left waits for the next. */
const MAX_ENTRIES_A_ROUND = 32;

/** What a round tells. */
export interface UpkeepEars {
  /** How the clock stands, before anything else is done. */
  readonly onClock: (state: ClockState) => void;
  /** What a part of the round could not do. The other parts are done all the same. */
  readonly onFault: (error: unknown) => void;
}

/**
 * What the passing of time asks for: ends that are told, refusals that are told folded, releases that had to
 * wait, uploads that were not finished, and a sign of life where nothing else was recorded for `heartbeatMs`. On a clock
 * that is not confirmed nothing is released, nor ended or dropped by it: that waits for a custodian. A wall clock that
 * has jumped dates nothing of this unless a machine's agrees with it (ClockWatch). Where the clock is behind what
 * custodians have signed, the log takes none of it, and all of it waits. Before genesis, it only sees whether the log can be
 * written.
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

/** The log takes nothing that the vault would date by this clock. */
function isBehind({ recorder, watch }: Context): boolean {
  return watch.nowMs < earliestMs(recorder.facts);
}

/** The day's budget is counted by the clock, and what has been released is not taken back. */
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
    // It is tried again at the next round.
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
  // Also where the last entry was dated by a clock that was ahead.
  if (Math.abs(timeMs - last) >= heartbeatMs)
    await recorder.record(() => ({ timeMs, drafts: [{ kind: 'heartbeat', body: {} }] }));
}

/** Appends those of the folded refusals that the log has room for; none while the vault's clock is behind the log's. */
export async function tellRefusals(context: Context): Promise<void> {
  if (context.recorder.state === null || isBehind(context)) return;
  const timeMs = context.watch.nowMs;
  const told = context.refusals.tellable(context.recorder.facts, timeMs, MAX_ENTRIES_A_ROUND);
  if (told.length === 0) return;
  const drafts = told.map(({ body }): EntryDraft => ({ kind: 'refusal', body }));
  await context.recorder.record(() => ({ timeMs, drafts }));
  context.refusals.forget(told);
}
