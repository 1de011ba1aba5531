import { must } from '../errors.ts';
import { frontierRoot, HASH_BYTES, nodeHash } from './merkle.ts';

/**
 * Where proofs are made from. `hashAt(level, index)` is the root of the complete subtree of 2^level leaves
 * that starts at leaf `index`·2^level; it is asked only for subtrees that the tree holds in full.
 */
export interface SubtreeHashes {
  hashAt(level: number, index: number): Uint8Array;
}

/** The leaves [from, to) of a tree: a whole tree, or what one hash of a proof commits to. */
export interface LeafRange {
  readonly from: number;
  readonly to: number;
}

/** A complete subtree of 2^`level` leaves, which starts at leaf `index`·2^`level`. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/**
 * What the hashes of an inclusion proof commit to: leaf `index` in the tree of `size` leaves, bottom up (RFC 6962
 * section 2.1.1). Throws `malformed` unless `index` < `size`.
 */
export function inclusionPath(index: number, size: number): readonly LeafRange[] {
  requireRange(index, size - 1);
  const topDown: LeafRange[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + largestPowerBelow(to - from);
    if (index < middle) {
      topDown.push({ from: middle, to });
      to = middle;
    } else {
      topDown.push({ from, to: middle });
      from = middle;
    }
  }
  return topDown.reverse();
}

/**
 * What the hashes of a consistency proof commit to: the tree of `newSize` leaves continues that of `oldSize` (RFC 6962
 * section 2.1.2); empty where there is nothing to prove. Throws `malformed` unless `oldSize` ≤ `newSize`.
 */
export function consistencyPath(oldSize: number, newSize: number): readonly LeafRange[] {
  requireRange(oldSize, newSize);
  if (oldSize === 0) return [];
  const topDown: LeafRange[] = [];
  let from = 0;
  let to = newSize;
  while (oldSize !== to) {
    const middle = from + largestPowerBelow(to - from);
    if (oldSize <= middle) {
      topDown.push({ from: middle, to });
      to = middle;
    } else {
      topDown.push({ from, to: middle });
      from = middle;
    }
  }
  // The verifier already has the old root if the old tree is a subtree on the left edge.
  if (from !== 0) topDown.push({ from, to });
  return topDown.reverse();
}

/**
 * The complete subtrees that a range is made of, largest first; `from` is a multiple of a power of two not below its
 * length.
 */
export function subtreesOf({ from, to }: LeafRange): readonly Subtree[] {
  const complete: Subtree[] = [];
  for (let start = from; start < to; ) {
    const leaves = largestPowerBelow(to - start + 1);
    complete.push({ level: heightOf(leaves), index: start / leaves });
    start += leaves;
  }
  return complete;
}

/** The root over the leaves of a range, 32 bytes. */
export function rangeRoot(range: LeafRange, hashes: SubtreeHashes): Uint8Array {
  const complete = subtreesOf(range).map(({ level, index }) => hashes.hashAt(level, index));
  return frontierRoot({ size: range.to - range.from, hashes: complete });
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
