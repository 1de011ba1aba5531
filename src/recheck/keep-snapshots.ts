import { Queue } from '../platform/queue.ts';
import type { SnapshotFile } from '../store/snapshot.ts';
import type { Recorder } from '../vault/recorder.ts';

/** A replay of so many entries takes a few seconds, a snapshot less than one. */
const ENTRIES_BETWEEN = 16_384;

/**
 * Writes a snapshot whenever the log has grown by 16,384 entries since the last, and one in the end: returns how to end
 * it. None is written of a log that has a fault. `onFault` is told what the disk does not take: the next start replays
 * more then.
 */
export function keepSnapshots(
  recorder: Recorder,
  snapshot: SnapshotFile,
  onFault: (error: unknown) => void,
): () => Promise<void> {
  const writes = new Queue();
  let kept = recorder.size;
  const write = () =>
    writes.run(async () => {
      const { state, fault } = recorder;
      if (state === null || fault !== null) return;
      await snapshot.write(state).catch(onFault);
    });
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
