import type { Hex } from '../../src/core/bytes.ts';

/** The size and the root of a log when it was last verified. */
export interface VerifiedCheckpoint {
  readonly size: number;
  /** 32 bytes in hex. */
  readonly root: Hex;
}

/**
 * Keeps the last checkpoint that a client verified, so that the client detects a vault that later shows a shorter or
 * another log. One per vault, by its fingerprint. `put` is durable when it resolves.
 */
export interface CheckpointMemory {
  /** Null where this vault has not been followed before. */
  get(fingerprint: Hex): Promise<VerifiedCheckpoint | null>;
  put(fingerprint: Hex, checkpoint: VerifiedCheckpoint): Promise<void>;
}
