import { HASH_BYTES } from '../../../src/core/log/merkle.ts';

/** The leaves sidecar: the leaf hashes, 32 bytes each, one after the other. */
export function encodeLeaves(leaves: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(leaves.length * HASH_BYTES);
  for (const [k, leaf] of leaves.entries()) bytes.set(leaf, k * HASH_BYTES);
  return bytes;
}
