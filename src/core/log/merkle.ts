import { sha256 } from '@noble/hashes/sha2.js';
import { must } from '../errors.ts';

/** Bytes of every leaf hash, node hash and root. */
export const HASH_BYTES = 32;

const LEAF_PREFIX = Uint8Array.of(0);
const NODE_PREFIX = Uint8Array.of(1);

/** SHA-256(00 ‖ entry), 32 bytes (RFC 6962 section 2.1). */
export function leafHash(entryBytes: Uint8Array): Uint8Array {
  return sha256.create().update(LEAF_PREFIX).update(entryBytes).digest();
}

/** SHA-256(01 ‖ left ‖ right), 32 bytes; both children are 32-byte hashes (RFC 6962 section 2.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256.create().update(NODE_PREFIX).update(left).update(right).digest();
}

/**
 * The compact range of a tree: what is needed to append to it and to know its root, and nothing else.
 *
 * `hashes` are the roots of the complete subtrees that the tree is made of, largest (leftmost) first: one
 * for each bit that is set in `size`. A frontier is a value: it is never changed, only followed by another.
 */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

export const EMPTY_FRONTIER: Frontier = { size: 0, hashes: [] };

/**
 * The frontier after one more leaf. Throws `malformed` for a hash that is not 32 bytes, and
 * `limit_exceeded` where the size would no longer be exact (2^53).
 */
export function appendLeaf(frontier: Frontier, hash: Uint8Array): Frontier {
  must(hash.length === HASH_BYTES, 'malformed', `expected a leaf hash of ${HASH_BYTES} bytes, got ${hash.length}`);
  must(frontier.size < Number.MAX_SAFE_INTEGER, 'limit_exceeded', 'expected fewer than 2^53 leaves');
  const hashes = frontier.hashes.slice();
  let top = hash;
  // Each complete subtree of the same height is the left sibling of what has just been completed.
  for (let rest = frontier.size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    top = nodeHash(hashes.pop() as Uint8Array, top);
  }
  hashes.push(top);
  return { size: frontier.size + 1, hashes };
}

/** The root of the tree (RFC 6962 section 2.1): 32 bytes; that of the empty tree is SHA-256 of nothing. */
export function frontierRoot(frontier: Frontier): Uint8Array {
  if (frontier.hashes.length === 0) return sha256(new Uint8Array(0));
  return frontier.hashes.reduceRight((right, left) => nodeHash(left, right));
}

/** The root of the tree over these leaf hashes, in order. Throws as `appendLeaf`. */
export function rootOf(leafHashes: readonly Uint8Array[]): Uint8Array {
  return frontierRoot(leafHashes.reduce(appendLeaf, EMPTY_FRONTIER));
}
