import { concat } from '../bytes.ts';
import { must } from '../errors.ts';
import { HASH_BYTES } from './merkle.ts';
import { MemoryTree, type Subtree } from './tree.ts';

/** Hashes in a full tile: 8 levels of the Merkle tree (C2SP tlog-tiles). */
const TILE_HASHES = 256;
const TILE_LEVELS = 8;

/** The place of a tile: tile `index` of tile level `level`. Each of its hashes is the root of 256^`level` leaves. */
export interface TileName {
  readonly level: number;
  readonly index: number;
}

export interface Tile extends TileName {
  /** 1 to 256 hashes of 32 bytes; fewer than 256 where the log ends. */
  readonly hashes: Uint8Array;
}

/** The place of a complete subtree in the tile that holds it. */
export interface PlaceInTile {
  readonly tile: TileName;
  /** The subtree has 2^`height` of the tile's hashes, and is the one of number `index` among these. */
  readonly height: number;
  readonly index: number;
  /** The hashes that the tile must have for it. */
  readonly width: number;
}

/** The place in the tile that has the largest subtrees below its root. A whole tile is one hash of the tile above. */
export function placeInTileOf({ level, index }: Subtree): PlaceInTile {
  const height = level % TILE_LEVELS;
  const leaves = 2 ** height;
  const subtreesInTile = TILE_HASHES / leaves;
  const tile = { level: Math.floor(level / TILE_LEVELS), index: Math.floor(index / subtreesInTile) };
  const indexInTile = index % subtreesInTile;
  return { tile, height, index: indexInTile, width: (indexInTile + 1) * leaves };
}

/** The subtrees of one tile, level 0 its hashes. Throws `malformed` unless it has 1 to 256 hashes of 32 bytes. */
export function treeOfTile(hashes: Uint8Array): MemoryTree {
  const isWhole = hashes.length > 0 && hashes.length % HASH_BYTES === 0 && hashes.length <= TILE_HASHES * HASH_BYTES;
  must(isWhole, 'malformed', `expected a tile of 1 to ${TILE_HASHES} hashes, got ${hashes.length} bytes`);
  const tree = new MemoryTree();
  for (let at = 0; at < hashes.length; at += HASH_BYTES) tree.append(hashes.subarray(at, at + HASH_BYTES));
  return tree;
}

/** Names the tiles that are not full in the log of `size` entries, lowest level first, with the hashes each has. */
export function partialTiles(size: number): readonly (TileName & { readonly width: number })[] {
  const partial: (TileName & { width: number })[] = [];
  for (let level = 0, rest = size; rest > 0; level++, rest = Math.floor(rest / TILE_HASHES)) {
    const width = rest % TILE_HASHES;
    if (width > 0) partial.push({ level, index: Math.floor(rest / TILE_HASHES), width });
  }
  return partial;
}

/** The end of a log's tiles: its size, and the hashes of each level's tile that is not full. A value. */
export interface TileEdge {
  readonly size: number;
  /** By level; empty where the level ends with a full tile. */
  readonly hashes: readonly Uint8Array[];
}

export const EMPTY_EDGE: TileEdge = { size: 0, hashes: [] };

/**
 * The edge after these leaf hashes (32 bytes each), and the tiles that they change: each as long as it is then, lowest
 * level first.
 */
export function appendToTiles(
  edge: TileEdge,
  leafHashes: readonly Uint8Array[],
): { readonly edge: TileEdge; readonly tiles: readonly Tile[] } {
  const tiles: Tile[] = [];
  const hashes = [...edge.hashes];
  let before = edge.size;
  let added = leafHashes;
  for (let level = 0; added.length > 0; level++) {
    const first = Math.floor(before / TILE_HASHES);
    const rowed = concat(hashes[level] ?? new Uint8Array(0), ...added);
    const tileBytes = TILE_HASHES * HASH_BYTES;
    const full: Uint8Array[] = [];
    for (let at = 0; at < rowed.length; at += tileBytes) {
      const tile = rowed.slice(at, at + tileBytes);
      tiles.push({ level, index: first + at / tileBytes, hashes: tile });
      if (tile.length === tileBytes) full.push(treeOfTile(tile).hashAt(TILE_LEVELS, 0));
    }
    hashes[level] = rowed.slice(full.length * tileBytes);
    before = first;
    added = full;
  }
  return { edge: { size: edge.size + leafHashes.length, hashes }, tiles };
}
