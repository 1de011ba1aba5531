import { equal } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import { HASH_BYTES } from '../core/log/merkle.ts';
import { partialTiles, type Tile, type TileEdge } from '../core/log/tiles.ts';
import type { LogStore } from './ports.ts';

/** Throws `storage_corrupt` where the store has other hashes in one of these tiles. A stored one may be longer. */
export async function requireStored(log: Pick<LogStore, 'tile'>, tiles: readonly Tile[]): Promise<void> {
  for (const { level, index, hashes } of tiles) {
    const stored = await log.tile({ level, index });
    const isOfTheLog = stored !== null && equal(stored.subarray(0, hashes.length), hashes);
    must(
      isOfTheLog,
      'storage_corrupt',
      `the stored tile ${level}/${index} is not of the log’s entries: restore a copy of the data folder`,
    );
  }
}

/** Where the tiles of the first `size` entries end. Throws `storage_corrupt` where the store lacks one. */
export async function readEdge(log: Pick<LogStore, 'tile'>, size: number): Promise<TileEdge> {
  const hashes: Uint8Array[] = [];
  for (const { level, index, width } of partialTiles(size)) {
    const stored = await log.tile({ level, index });
    const bytes = width * HASH_BYTES;
    must(stored !== null && stored.length >= bytes, 'storage_corrupt', `the store lacks the tile ${level}/${index}`);
    while (hashes.length < level) hashes.push(new Uint8Array(0));
    hashes.push(stored.slice(0, bytes));
  }
  return { size, hashes };
}
