import { must } from '../errors.ts';
import { frontierRoot, HASH_BYTES, nodeHash } from './merkle.ts';

/**
 * Where proofs are made from. `hashAt(level, index)` is the root of the complete subtree of 2^level leaves
 * that starts at leaf `index`·2^level; it is asked only for subtrees that the tree holds in full.
 */
export interface SubtreeHashes {
  hashAt(level: number, index: number): Uint8Array;
}

/**
 * The proof that leaf `index` is in the tree of `size` leaves, bottom up (RFC 6962 section 2.1.1). Asks for
 * O(log² size) hashes. Throws `malformed` unless `index` < `size`.
 */
export function inclusionProof(index: number, size: number, hashes: SubtreeHashes): Uint8Array[] {
  requireRange(index, size - 1);
  const topDown: Uint8Array[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + largestPowerBelow(to - from);
    if (index < middle) {
      topDown.push(rangeRoot(middle, to, hashes));
      to = middle;
    } else {
      topDown.push(rangeRoot(from, middle, hashes));
      from = middle;
    }
  }
  return topDown.reverse();
}

/**
 * The proof that the tree of `newSize` leaves continues that of `oldSize` (RFC 6962 section 2.1.2); empty
 * where there is nothing to prove. Throws `malformed` unless `oldSize` ≤ `newSize`.
 */
export function consistencyProof(oldSize: number, newSize: number, hashes: SubtreeHashes): Uint8Array[] {
  requireRange(oldSize, newSize);
  if (oldSize === 0) return [];
  const topDown: Uint8Array[] = [];
  let from = 0;
  let to = newSize;
  while (oldSize !== to) {
    const middle = from + largestPowerBelow(to - from);
    if (oldSize <= middle) {
      topDown.push(rangeRoot(middle, to, hashes));
      to = middle;
    } else {
      topDown.push(rangeRoot(from, middle, hashes));
      from = middle;
    }
  }
  // Where the old tree is a subtree on the left edge, the verifier has its root already.
  if (from !== 0) topDown.push(rangeRoot(from, to, hashes));
  return topDown.reverse();
}

/** The root of the tree of the first `size` leaves, 32 bytes. */
export function rootAt(size: number, hashes: SubtreeHashes): Uint8Array {
  requireRange(size, Number.MAX_SAFE_INTEGER);
  return rangeRoot(0, size, hashes);
}

/** The root over the leaves [from, to), where `from` is a multiple of a power of two not below `to` − `from`. */
function rangeRoot(from: number, to: number, hashes: SubtreeHashes): Uint8Array {
  const complete: Uint8Array[] = [];
  for (let start = from; start < to; ) {
    const leaves = largestPowerBelow(to - start + 1);
    complete.push(hashes.hashAt(heightOf(leaves), start / leaves));
    start += leaves;
  }
  return frontierRoot({ size: to - from, hashes: complete });
}

/** The largest power of two that is smaller than `n`, for `n` > 1. */
function largestPowerBelow(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}

/** The logarithm of a power of two, which no engine rounds. */
function heightOf(leaves: number): number {
  let height = 0;
  for (let width = 1; width < leaves; width *= 2) height += 1;
  return height;
}

function requireRange(value: number, high: number): void {
  const holds = Number.isSafeInteger(value) && Number.isSafeInteger(high) && value >= 0 && value <= high;
  must(holds, 'malformed', `expected an integer from 0 to ${high}, got ${value}`);
}

/**
 * A tree kept in memory: the hash of every complete subtree, by level, so that nothing is hashed twice.
 * About two hashes a leaf. It only grows; one writer at a time.
 */
export class MemoryTree implements SubtreeHashes {
  readonly #levels: Uint8Array[][] = [[]];

  get size(): number {
    return this.#levels[0]?.length ?? 0;
  }

  /** Adds one leaf hash. Throws `malformed` for a hash that is not 32 bytes. */
  append(leafHash: Uint8Array): void {
    must(leafHash.length === HASH_BYTES, 'malformed', `expected a leaf hash of ${HASH_BYTES} bytes`);
    let hash = leafHash;
    for (let level = 0; ; level++) {
      const row = this.#levels[level] ?? [];
      this.#levels[level] = row;
      row.push(hash);
      const left = row.at(-2);
      if (row.length % 2 === 1 || left === undefined) return;
      hash = nodeHash(left, hash);
    }
  }

  /** Throws `malformed` for a subtree that is not complete yet. */
  hashAt(level: number, index: number): Uint8Array {
    const hash = this.#levels[level]?.[index];
    must(hash !== undefined, 'malformed', `the tree has no complete subtree ${level}/${index}`);
    return hash;
  }
}
