import * as z from 'zod/mini';
import type { Hex } from '../../../src/core/bytes.ts';
import { must } from '../../../src/core/errors.ts';
import { digest, parseAs } from '../../../src/core/schema.ts';
import { Queue } from '../../../src/platform/queue.ts';
import type { CheckpointMemory, VerifiedCheckpoint } from '../../log/checkpoint-memory.ts';

const verifiedCheckpoint = z.strictObject({ size: z.int().check(z.gte(1)), root: digest });

/** Throws `malformed`. */
export function parseVerifiedCheckpoint(value: unknown): VerifiedCheckpoint {
  return parseAs(verifiedCheckpoint, value, 'checkpoint');
}

/**
 * A checkpoint memory that never goes back, so that this workstation detects a vault that forgets or rewrites its log.
 * `put` also throws `rolled_back`, for a smaller size or another root at the same size. Several pages may put at once.
 */
export function forwardOnly(memory: CheckpointMemory): CheckpointMemory {
  const queue = new Queue();
  return {
    get: (vault) => memory.get(vault),
    put: (vault: Hex, { size, root }: VerifiedCheckpoint) =>
      queue.run(async () => {
        const kept = await memory.get(vault);
        if (kept === null || size > kept.size) return memory.put(vault, { size, root });
        must(size === kept.size, 'rolled_back', `expected a log of at least ${kept.size} entries, got ${size}`);
        must(root === kept.root, 'rolled_back', `expected the root ${kept.root} at ${size} entries, got ${root}`);
      }),
  };
}
