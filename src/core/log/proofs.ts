import { equal } from '../bytes.ts';
import { must } from '../errors.ts';
import { EMPTY_FRONTIER, frontierRoot, HASH_BYTES, nodeHash } from './merkle.ts';

/** A tree of fewer than 2^53 leaves needs at most 53 hashes and one more; 64 is a round bound above it. */
export const PROOF_HASHES_MAX = 64;

const EMPTY_ROOT = frontierRoot(EMPTY_FRONTIER);
const half = (value: number): number => Math.floor(value / 2);
const isOdd = (value: number): boolean => value % 2 === 1;

/**
 * Checks that the leaf hash is at `index` of the tree of `size` leaves with this root (RFC 9162 section
 * 2.1.3.2). Everything but `root` and `size` may be attacker-controlled; those two come from a checkpoint
 * that has been opened. Throws `proof_invalid`.
 */
export function verifyInclusion(
  leafHash: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): void {
  requireProofShape([leafHash, root], proof);
  mustProve(isSize(size) && isSize(index) && index < size, `expected an index below the size, got ${index} of ${size}`);
  let node = index;
  let last = size - 1;
  let computed = leafHash;
  for (const sibling of proof) {
    mustProve(last !== 0, 'the proof has more hashes than the tree is high');
    if (isOdd(node) || node === last) {
      computed = nodeHash(sibling, computed);
      // A last node without a right sibling rises unchanged until it is the right child of a node.
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      computed = nodeHash(computed, sibling);
    }
    node = half(node);
    last = half(last);
  }
  mustProve(last === 0, 'the proof has fewer hashes than the tree is high');
  mustProve(equal(computed, root), 'the proof does not lead to the root');
}

/**
 * Checks that the first `oldSize` leaves of the new tree are the old tree (RFC 9162 section 2.1.4.2). A
 * smaller new tree is refused: a log does not shrink. Throws `proof_invalid`.
 */
export function verifyConsistency(
  oldSize: number,
  oldRoot: Uint8Array,
  newSize: number,
  newRoot: Uint8Array,
  proof: readonly Uint8Array[],
): void {
  requireProofShape([oldRoot, newRoot], proof);
  mustProve(
    isSize(oldSize) && isSize(newSize) && oldSize <= newSize,
    `expected a tree that grew, got ${oldSize} then ${newSize}`,
  );
  if (oldSize === 0 || oldSize === newSize) {
    mustProve(proof.length === 0, 'the proof should be empty');
    mustProve(oldSize !== 0 || equal(oldRoot, EMPTY_ROOT), 'the root of the empty tree is not SHA-256 of nothing');
    mustProve(oldSize !== newSize || equal(oldRoot, newRoot), 'two roots for one size');
    return;
  }
  mustProve(proof.length > 0, 'the proof is empty');
  verifyGrowth(oldSize, oldRoot, newSize, newRoot, proof);
}

/** The loop of RFC 9162 section 2.1.4.2, for 0 < oldSize < newSize and a proof that is not empty. */
function verifyGrowth(
  oldSize: number,
  oldRoot: Uint8Array,
  newSize: number,
  newRoot: Uint8Array,
  proof: readonly Uint8Array[],
): void {
  let node = oldSize - 1;
  let last = newSize - 1;
  while (isOdd(node)) {
    node = half(node);
    last = half(last);
  }
  // An old tree that is one complete subtree (a power of two) is its own first hash, and is not sent.
  const path = node === 0 ? [oldRoot, ...proof] : proof;
  const [first = oldRoot, ...rest] = path;
  let computedOld = first;
  let computedNew = first;
  for (const sibling of rest) {
    mustProve(last !== 0, 'the proof has more hashes than the tree is high');
    if (isOdd(node) || node === last) {
      computedOld = nodeHash(sibling, computedOld);
      computedNew = nodeHash(sibling, computedNew);
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      computedNew = nodeHash(computedNew, sibling);
    }
    node = half(node);
    last = half(last);
  }
  mustProve(last === 0, 'the proof has fewer hashes than the tree is high');
  mustProve(equal(computedOld, oldRoot), 'the proof does not lead to the old root');
  mustProve(equal(computedNew, newRoot), 'the proof does not lead to the new root');
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function requireProofShape(given: readonly Uint8Array[], proof: readonly Uint8Array[]): void {
  mustProve(proof.length <= PROOF_HASHES_MAX, `expected at most ${PROOF_HASHES_MAX} hashes, got ${proof.length}`);
  for (const hash of [...given, ...proof]) {
    mustProve(hash.length === HASH_BYTES, `expected hashes of ${HASH_BYTES} bytes, got ${hash.length}`);
  }
}

function mustProve(condition: boolean, message: string): asserts condition {
  must(condition, 'proof_invalid', message);
}
