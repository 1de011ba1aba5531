import { beforeAll, describe, expect, test } from 'vitest';
import { u64 } from '../../src/core/bytes.ts';
import { leafHash } from '../../src/core/log/merkle.ts';
import { verifyConsistency, verifyInclusion } from '../../src/core/log/proofs.ts';
import { appendToTiles, EMPTY_EDGE, type TileEdge, type TileName } from '../../src/core/log/tiles.ts';
import { TileProofs } from '../../src/vault/tile-proofs.ts';

const corrupt = expect.objectContaining({ code: 'storage_corrupt' });
const leaf = (index: number) => leafHash(u64(index));

/** The tiles of a log in memory, and how often they were read. */
class StoredTiles {
  readonly #tiles = new Map<string, Uint8Array>();
  #edge: TileEdge = EMPTY_EDGE;
  reads = 0;

  grow(size: number): void {
    const leaves = Array.from({ length: size - this.#edge.size }, (_, i) => leaf(this.#edge.size + i));
    const { edge, tiles } = appendToTiles(this.#edge, leaves);
    for (const { level, index, hashes } of tiles) this.#tiles.set(`${level}/${index}`, hashes);
    this.#edge = edge;
  }
  lose({ level, index }: TileName): void {
    this.#tiles.delete(`${level}/${index}`);
  }
  async tile({ level, index }: TileName): Promise<Uint8Array | null> {
    this.reads += 1;
    return this.#tiles.get(`${level}/${index}`) ?? null;
  }
}

describe('proofs from the tiles of a store', () => {
  const SIZES = [1, 2, 255, 256, 257, 300, 20_000];
  let stored: StoredTiles;
  let proofs: TileProofs;
  beforeAll(() => {
    stored = new StoredTiles();
    stored.grow(20_000);
    proofs = new TileProofs(stored);
  });

  test('show each entry under the root of every size', async () => {
    for (const size of SIZES) {
      const root = await proofs.rootAt(size);
      for (const index of new Set([0, Math.floor(size / 2), size - 1])) {
        const proof = await proofs.inclusionProof(index, size);
        verifyInclusion(leaf(index), index, size, proof, root);
      }
    }
  });

  test('show each size as the beginning of every larger one', async () => {
    for (const [i, size] of SIZES.entries()) {
      for (const earlier of SIZES.slice(0, i + 1)) {
        const proof = await proofs.consistencyProof(earlier, size);
        verifyConsistency(earlier, await proofs.rootAt(earlier), size, await proofs.rootAt(size), proof);
      }
    }
  });

  test('read a tile once while it is in use', async () => {
    await proofs.inclusionProof(7, 20_000);
    const { reads } = stored;
    for (let index = 0; index < 256; index++) await proofs.inclusionProof(index, 20_000);
    expect(stored.reads).toBe(reads);
  });

  test('keep no more than a few tiles', async () => {
    // A tile for each, and then those that were used longest ago again.
    for (let tile = 0; tile < 78; tile++) await proofs.inclusionProof(tile * 256, 20_000);
    const { reads } = stored;
    for (let tile = 0; tile < 4; tile++) await proofs.inclusionProof(tile * 256, 20_000);
    expect(stored.reads).toBe(reads + 4);
  });

  test('are of the log as it has become, where a tile has grown since it was read', async () => {
    const growing = new StoredTiles();
    growing.grow(3);
    const grown = new TileProofs(growing);
    await grown.inclusionProof(0, 3);
    growing.grow(5);
    verifyInclusion(leaf(4), 4, 5, await grown.inclusionProof(4, 5), await grown.rootAt(5));
  });

  test('are refused where the store has lost a tile', async () => {
    const lossy = new StoredTiles();
    lossy.grow(600);
    lossy.lose({ level: 0, index: 1 });
    await expect(new TileProofs(lossy).inclusionProof(300, 600)).rejects.toThrow(corrupt);
  });
});
