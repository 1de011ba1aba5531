import { must } from '../core/errors.ts';
import { type PlaceInTile, placeInTileOf, type TileName, treeOfTile } from '../core/log/tiles.ts';
import {
  consistencyPath,
  inclusionPath,
  type LeafRange,
  type MemoryTree,
  rangeRoot,
  subtreesOf,
} from '../core/log/tree.ts';
import type { LogStore } from './ports.ts';

/** Tiles that are kept with all their subtrees, about 60 KB each. */
const TILES_KEPT = 64;

/**
 * Proofs over the log in a store, made from its tiles. They are for others to verify: what is wrong with a tile makes a
 * proof that its receiver refuses. Tiles only grow, so calls may run beside a commit. Throws `storage_corrupt` where the
 * store lacks a tile, and as the store does.
 */
export class TileProofs {
  readonly #log: Pick<LogStore, 'tile'>;
  /** Least recently used first. */
  readonly #trees = new Map<string, MemoryTree>();

  constructor(log: Pick<LogStore, 'tile'>) {
    this.#log = log;
  }

  /** As core/log/proofs `verifyInclusion` takes it. Throws `malformed` unless `index` < `size`. */
  inclusionProof(index: number, size: number): Promise<readonly Uint8Array[]> {
    return this.#hashesOf(inclusionPath(index, size));
  }

  /** As core/log/proofs `verifyConsistency` takes it. Throws `malformed` unless `oldSize` ≤ `newSize`. */
  consistencyProof(oldSize: number, newSize: number): Promise<readonly Uint8Array[]> {
    return this.#hashesOf(consistencyPath(oldSize, newSize));
  }

  /** The root that the log had at `size`, 32 bytes. */
  async rootAt(size: number): Promise<Uint8Array> {
    const [root] = await this.#hashesOf([{ from: 0, to: size }]);
    return root as Uint8Array;
  }

  async #hashesOf(path: readonly LeafRange[]): Promise<readonly Uint8Array[]> {
    const found = new Map<string, Uint8Array>();
    for (const subtree of path.flatMap(subtreesOf)) {
      const { tile, height, index, width } = placeInTileOf(subtree);
      found.set(`${subtree.level}/${subtree.index}`, (await this.#treeOf(tile, width)).hashAt(height, index));
    }
    const hashAt = (level: number, index: number) => found.get(`${level}/${index}`) as Uint8Array;
    return path.map((range) => rangeRoot(range, { hashAt }));
  }

  /** A tile that was kept when it was shorter is read again. */
  async #treeOf(tile: TileName, width: PlaceInTile['width']): Promise<MemoryTree> {
    const key = `${tile.level}/${tile.index}`;
    const kept = this.#trees.get(key);
    const tree = kept !== undefined && kept.size >= width ? kept : await this.#read(tile, width);
    this.#trees.delete(key);
    this.#trees.set(key, tree);
    const [oldest] = this.#trees.keys();
    if (this.#trees.size > TILES_KEPT && oldest !== undefined) this.#trees.delete(oldest);
    return tree;
  }

  async #read(tile: TileName, width: number): Promise<MemoryTree> {
    const hashes = await this.#log.tile(tile);
    const tree = hashes === null ? null : treeOfTile(hashes);
    must(
      tree !== null && tree.size >= width,
      'storage_corrupt',
      `tile ${tile.level}/${tile.index} of the log is not in the store: restore a copy of the data folder`,
    );
    return tree;
  }
}
