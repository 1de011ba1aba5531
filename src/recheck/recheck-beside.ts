import { TwinlockError } from '../core/errors.ts';
import type { OpenedLog } from '../data-folder.ts';
import type { SnapshotFile } from '../store/snapshot.ts';
import type { LogStore } from '../vault/ports.ts';
import { recheck } from './recheck.ts';

/** What a daemon tells its operator of its log. */
export type LogCheck =
  /** The snapshot was not taken; the log has been replayed. */
  | { readonly kind: 'unfit'; readonly error: TwinlockError }
  | { readonly kind: 'verified'; readonly entries: number }
  | { readonly kind: 'fault'; readonly error: TwinlockError }
  /** The check ended without a verdict. */
  | { readonly kind: 'undecided'; readonly error: unknown };
export type LogCheckLog = (found: LogCheck) => void;

interface Surroundings {
  readonly log: LogStore;
  readonly snapshot: SnapshotFile;
  /** Ends the check early. */
  readonly signal: AbortSignal;
  readonly tell: LogCheckLog;
}

/**
 * Verifies what was believed of the log while the daemon serves. A fault ends everything that grants, and removes the
 * snapshot: the next start meets the fault before it serves. Never rejects.
 */
export async function recheckBeside(
  { recorder, believed }: OpenedLog,
  { log, snapshot, signal, tell }: Surroundings,
): Promise<void> {
  if (believed === null) return;
  try {
    const isWhole = await recheck(log, believed, signal);
    if (isWhole) tell({ kind: 'verified', entries: believed.chain.frontier.size });
  } catch (error) {
    if (!isFault(error)) {
      tell({ kind: 'undecided', error });
      return;
    }
    recorder.condemn(error);
    tell({ kind: 'fault', error });
    await snapshot.discard().catch((failure: unknown) => tell({ kind: 'undecided', error: failure }));
  }
}

/** What the disk does not give, or the engine does not do, says nothing of the log. */
function isFault(error: unknown): error is TwinlockError {
  return error instanceof TwinlockError && (error.group === 'alert' || error.detail['entry'] !== undefined);
}
