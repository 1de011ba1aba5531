import type { FollowedVault } from '../../client/log/replica.ts';
import type { LogPage } from '../../client/log/source.ts';
import { fromHex, fromUtf8 } from '../../src/core/bytes.ts';
import { signCheckpoint } from '../../src/core/log/checkpoint.ts';
import type { World } from './world.ts';

/** The signed checkpoint of a world's log, at the size it has. */
export function noteOf(world: World): Uint8Array {
  const { origin, size, root } = world.checkpoint();
  return signCheckpoint({ origin, size, root: fromHex(root) }, world.founding.logSeed);
}

/** A world's log as somebody kept it. */
export function keptLog(world: World): LogPage {
  return { entries: world.log.map(fromUtf8), objects: world.objects, checkpoint: noteOf(world) };
}

/** A vault that says what `log` says, `pageEntries` at a time. */
export function sourceOf(log: () => LogPage, time: () => number, pageEntries = 3): FollowedVault & { asked: number } {
  return {
    asked: 0,
    async vault() {
      return { fingerprint: null, rpId: '', grade: 'simulation', phase: 'open', time: time(), fault: null };
    },
    async entries(from, limit) {
      this.asked++;
      const { entries, objects, checkpoint } = log();
      return {
        from,
        entries: entries.slice(from, from + Math.min(limit, pageEntries)),
        objects,
        checkpoint: checkpoint ?? new Uint8Array(),
      };
    },
  };
}
