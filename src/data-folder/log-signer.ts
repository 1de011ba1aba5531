import { ed25519 } from '@noble/curves/ed25519.js';
import { signCheckpoint } from '../core/log/checkpoint.ts';
import type { CheckpointSigner } from '../vault/ports.ts';

/** Signs in this process, with the 32-byte Ed25519 seed of `log.key`. */
export function localSigner(seed: Uint8Array): CheckpointSigner {
  return {
    publicKey: ed25519.getPublicKey(seed),
    sign: async (checkpoint) => signCheckpoint(checkpoint, seed),
  };
}
