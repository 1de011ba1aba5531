import type { Hex } from '../../src/core/bytes.ts';

/** The log as somebody last verified it. */
export interface VerifiedCheckpoint {
  readonly size: number;
  /** 32 bytes in hex. */
  readonly root: Hex;
}

/**
 * Where a client keeps the last checkpoint that it verified, so that a vault which later shows less, or
 * something else, is found out. One per vault, by its fingerprint. `put` is durable when it resolves.
 */
export interface CheckpointMemory {
  /** Null where this vault has not been followed before. */
  get(fingerprint: Hex): Promise<VerifiedCheckpoint | null>;
  put(fingerprint: Hex, checkpoint: VerifiedCheckpoint): Promise<void>;
}
