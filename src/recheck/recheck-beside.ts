import { setTimeout as sleep } from 'node:timers/promises';
import { TwinlockError } from '../core/errors.ts';
import type { State } from '../core/state/state.ts';
import type { OpenedLog } from '../data-folder/data-folder.ts';
import type { SnapshotFile } from '../store/snapshot.ts';
import type { LogStore } from '../vault/ports.ts';
import { recheck } from './recheck.ts';

const AGAIN_MS = 5 * 60_000;

/** The messages about the log for the daemon's operator. */
export type LogCheck =
  /** The snapshot was not taken; the log has been replayed. */
  | { readonly kind: 'unfit'; readonly error: TwinlockError }
  | { readonly kind: 'verified'; readonly entries: number }
  | { readonly kind: 'fault'; readonly error: TwinlockError }
  /** The check ended without a verdict, or the snapshot was not removed after a fault: it is tried again. */
  | { readonly kind: 'undecided'; readonly error: unknown };
export type LogCheckLog = (found: LogCheck) => void;

interface RecheckSurroundings {
  readonly log: LogStore;
  readonly snapshot: Pick<SnapshotFile, 'discard'>;
  /** Ends the check early. */
  readonly signal: AbortSignal;
  readonly tell: LogCheckLog;
  /** Milliseconds from a check without a verdict to the next; 5 minutes unless given. */
  readonly againMs?: number;
}

/**
 * Verifies what was believed of the log while the daemon serves. A fault ends everything that grants, and removes the
 * snapshot: the next start meets the fault before it serves. What does not end is tried again until the daemon ends.
 * Never rejects.
 */
export async function recheckBeside(
  { recorder, believed }: OpenedLog,
  { log, snapshot, signal, tell, againMs = AGAIN_MS }: RecheckSurroundings,
): Promise<void> {
  if (believed === null) return;
  const onFailure = (error: unknown) => tell({ kind: 'undecided', error });
  const check = async () => {
    const fault = await faultIn(log, believed, signal);
    if (fault === 'none') tell({ kind: 'verified', entries: believed.chain.frontier.size });
    return fault instanceof TwinlockError ? fault : null;
  };
  const fault = await untilDone(check, onFailure, againMs, signal);
  if (fault === null) return;
  recorder.condemn(fault);
  tell({ kind: 'fault', error: fault });
  await untilDone(() => snapshot.discard(), onFailure, againMs, signal);
}

/** Returns `unknown` if the check was ended early. */
async function faultIn(log: LogStore, state: State, signal: AbortSignal): Promise<TwinlockError | 'none' | 'unknown'> {
  try {
    return (await recheck(log, state, signal)) ? 'none' : 'unknown';
  } catch (error) {
    if (isFault(error)) return error;
    throw error;
  }
}

/** Does `work`, at least once, until it does not throw; null where `signal` is aborted before that. */
async function untilDone<T>(
  work: () => Promise<T>,
  onFailure: (error: unknown) => void,
  againMs: number,
  signal: AbortSignal,
): Promise<T | null> {
  do {
    try {
      return await work();
    } catch (error) {
      onFailure(error);
    }
    // The timer is monotonic, and keeps no process. An abort ends it.
    await sleep(againMs, undefined, { signal, ref: false }).catch(() => undefined);
  } while (!signal.aborted);
  return null;
}

/** An error of the disk or of the engine is no fault of the log. */
function isFault(error: unknown): error is TwinlockError {
  return error instanceof TwinlockError && (error.group === 'alert' || error.detail['entry'] !== undefined);
}
