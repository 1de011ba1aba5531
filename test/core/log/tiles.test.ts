import { describe, expect, test } from 'vitest';
import { concat, u64, utf8 } from '../../../src/core/bytes.ts';
import { leafHash } from '../../../src/core/log/merkle.ts';
import {
  appendToTiles,
  EMPTY_EDGE,
  partialTiles,
  placeInTileOf,
  type Tile,
  treeOfTile,
} from '../../../src/core/log/tiles.ts';
import { MemoryTree } from '../../../src/core/log/tree.ts';

const malformed = expect.objectContaining({ code: 'malformed' });
/** Two tiles of level 1, the second of one hash, and a tile of level 0 that has begun. */
const SIZE = 256 * 257 + 3;
const LEAVES = Array.from({ length: SIZE }, (_, i) => leafHash(u64(i)));
const WHOLE = new MemoryTree();
for (const leaf of LEAVES) WHOLE.append(leaf);

/** The tiles that are left when a log has been written in steps of `step` entries. */
function written(step: number): { tiles: ReadonlyMap<string, Tile>; edge: typeof EMPTY_EDGE } {
  const tiles = new Map<string, Tile>();
  let edge = EMPTY_EDGE;
  for (let from = 0; from < SIZE; from += step) {
    const after = appendToTiles(edge, LEAVES.slice(from, from + step));
    for (const tile of after.tiles) tiles.set(`${tile.level}/${tile.index}`, tile);
    edge = after.edge;
  }
  return { tiles, edge };
}

describe('tiles', () => {
  const { tiles, edge } = written(1000);

  test('are those of C2SP tlog-tiles: 256 hashes a tile, a level every eight levels of the tree', () => {
    expect([...tiles.keys()].filter((name) => !name.startsWith('0/')).sort()).toEqual(['1/0', '1/1', '2/0']);
    for (const { level, index, hashes } of tiles.values()) {
      const width = hashes.length / 32;
      const expected = Array.from({ length: width }, (_, i) => WHOLE.hashAt(8 * level, index * 256 + i));
      expect(hashes).toEqual(concat(...expected));
    }
  });

  test('are the same however many entries are written at a time', () => {
    for (const step of [1, 255, 256, 257, 4096]) expect(written(step).tiles).toEqual(tiles);
  });

  test('end where the size says, and the edge has what is not full', () => {
    expect(partialTiles(SIZE)).toEqual([
      { level: 0, index: 257, width: 3 },
      { level: 1, index: 1, width: 1 },
      { level: 2, index: 0, width: 1 },
    ]);
    for (const { level, index, width } of partialTiles(SIZE)) {
      expect(edge.hashes[level]).toEqual(tiles.get(`${level}/${index}`)?.hashes);
      expect(edge.hashes[level]).toHaveLength(32 * width);
    }
    expect(partialTiles(0)).toEqual([]);
    expect(partialTiles(256)).toEqual([{ level: 1, index: 0, width: 1 }]);
  });

  test('hold every complete subtree', () => {
    for (let level = 0; 2 ** level <= SIZE; level++) {
      const last = Math.floor(SIZE / 2 ** level) - 1;
      for (const index of new Set([0, Math.floor(last / 2), last])) {
        const { tile, height, index: inTile, width } = placeInTileOf({ level, index });
        const hashes = tiles.get(`${tile.level}/${tile.index}`)?.hashes.subarray(0, 32 * width) ?? utf8('');
        expect(treeOfTile(hashes).hashAt(height, inTile), `${level}/${index}`).toEqual(WHOLE.hashAt(level, index));
      }
    }
  });
});

test('refuses a tile of no hash, of a broken hash, and of more than 256', () => {
  for (const bytes of [0, 31, 33, 257 * 32]) expect(() => treeOfTile(new Uint8Array(bytes))).toThrow(malformed);
});
