import type { OpenedLog } from '../data-folder/data-folder.ts';
import { Queue } from '../platform/queue.ts';
import type { SnapshotFile } from '../store/snapshot.ts';

/** A replay of so many entries takes a few seconds, a snapshot less than one. */
const ENTRIES_BETWEEN = 16_384;

/**
 * Writes a snapshot whenever the log has grown by 16,384 entries since the last, one at once where the whole log was
 * replayed, and one in the end: returns how to end it. None stays of a log that has a fault. `onFault` is told what the
 * disk does not take: the next start replays more then.
 */
export function keepSnapshots(
  { recorder, believed }: OpenedLog,
  snapshot: Pick<SnapshotFile, 'write' | 'discard'>,
  onFault: (error: unknown) => void,
): () => Promise<void> {
  const writes = new Queue();
  let kept = recorder.size;
  const write = () =>
    writes.run(async () => {
      const { state, fault } = recorder;
      if (state === null || fault !== null) return;
      await snapshot.write(state).catch(onFault);
      // A fault that was found meanwhile has removed the snapshot before; this one landed after.
      if (recorder.fault !== null) await snapshot.discard().catch(onFault);
    });
  if (believed === null) void write();
  const stop = recorder.onRecorded(() => {
    if (recorder.size - kept < ENTRIES_BETWEEN) return;
    kept = recorder.size;
    void write();
  });
  return async () => {
    stop();
    await write();
  };
}
