import {
  consistencyPath,
  inclusionPath,
  type LeafRange,
  rangeRoot,
  type SubtreeHashes,
} from '../../../src/core/log/tree.ts';

/** Proofs from a tree that is in memory. */
export const inclusionProof = (index: number, size: number, tree: SubtreeHashes): Uint8Array[] =>
  along(inclusionPath(index, size), tree);

export const consistencyProof = (oldSize: number, newSize: number, tree: SubtreeHashes): Uint8Array[] =>
  along(consistencyPath(oldSize, newSize), tree);

export const rootAt = (size: number, tree: SubtreeHashes): Uint8Array => rangeRoot({ from: 0, to: size }, tree);

const along = (path: readonly LeafRange[], tree: SubtreeHashes) => path.map((range) => rangeRoot(range, tree));
