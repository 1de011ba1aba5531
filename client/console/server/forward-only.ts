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
 * A memory that does not go back for any caller: by it this workstation catches a vault that
 * forgets or rewrites what it has shown. `put` also throws `rolled_back`, for less than what is kept or another
 * root for as much. Several pages may put at once.
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
