import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex, utf8 } from '../../../src/core/bytes.ts';
import {
  appendLeaf,
  EMPTY_FRONTIER,
  type Frontier,
  frontierRoot,
  leafHash,
  nodeHash,
  rootOf,
} from '../../../src/core/log/merkle.ts';
import { vectorPath, vectorTest } from '../../vectors.ts';

/** RFC 6962 section 2.1, word for word: the slow definition that the frontier must agree with. */
function definition(hashes: readonly Uint8Array[]): Uint8Array {
  const [only] = hashes;
  if (only === undefined) return fromHex('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  if (hashes.length === 1) return only;
  let k = 1;
  while (k * 2 < hashes.length) k *= 2;
  return nodeHash(definition(hashes.slice(0, k)), definition(hashes.slice(k)));
}

const leaves = (count: number) => Array.from({ length: count }, (_, i) => leafHash(utf8(`leaf ${i}`)));

describe('the tree', () => {
  vectorTest('has the hashes of the RFC 6962 reference', () => {
    const { hasher, leaves_hex, roots_by_size } = JSON.parse(
      readFileSync(vectorPath('tlog', 'rfc6962-reference.json'), 'utf8'),
    ) as { hasher: Record<string, string>; leaves_hex: string[]; roots_by_size: string[] };
    expect(toHex(leafHash(new Uint8Array(0)))).toBe(hasher['empty_leaf_hash']);
    expect(toHex(leafHash(utf8('L123456')))).toBe(hasher['leaf_hash("L123456")']);
    expect(toHex(nodeHash(utf8('N123'), utf8('N456')))).toBe(hasher['node_hash("N123","N456")']);

    const hashes = leaves_hex.map((leaf) => leafHash(fromHex(leaf)));
    expect(roots_by_size).toHaveLength(9);
    roots_by_size.forEach((root, size) => {
      expect(toHex(rootOf(hashes.slice(0, size)))).toBe(root);
    });
  });

  test('has the root of the definition at every size', () => {
    const hashes = leaves(130);
    let frontier = EMPTY_FRONTIER;
    hashes.forEach((hash, i) => {
      frontier = appendLeaf(frontier, hash);
      expect(frontierRoot(frontier)).toEqual(definition(hashes.slice(0, i + 1)));
    });
  });

  test('has the root of the definition over any hashes', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(fc.array(hash, { maxLength: 40 }), (hashes) => {
        expect(rootOf(hashes)).toEqual(definition(hashes));
      }),
    );
  });

  test('never changes a frontier that somebody holds', () => {
    const history: [Frontier, string][] = [];
    let frontier = EMPTY_FRONTIER;
    for (const hash of leaves(40)) {
      history.push([frontier, toHex(frontierRoot(frontier))]);
      frontier = appendLeaf(frontier, hash);
    }
    for (const [held, root] of history) expect(toHex(frontierRoot(held))).toBe(root);
    const [a, b] = leaves(2).map((hash) => appendLeaf(frontier, hash));
    expect(a).not.toEqual(b);
  });

  test('holds as many hashes as its size has bits set', () => {
    const frontier = leaves(100).reduce(appendLeaf, EMPTY_FRONTIER);
    expect(frontier.size).toBe(100);
    expect(frontier.hashes).toHaveLength(3);
  });

  test('refuses a leaf hash that is not 32 bytes', () => {
    for (const length of [0, 31, 33]) {
      expect(() => appendLeaf(EMPTY_FRONTIER, new Uint8Array(length))).toThrow(
        expect.objectContaining({ code: 'malformed' }),
      );
    }
  });

  test('refuses to grow where sizes are no longer exact', () => {
    const full = { size: Number.MAX_SAFE_INTEGER, hashes: leaves(53) };
    expect(() => appendLeaf(full, new Uint8Array(32))).toThrow(expect.objectContaining({ code: 'limit_exceeded' }));
  });

  test('appends next to 2^52 leaves without losing a bit', () => {
    const [left, leaf] = leaves(2) as [Uint8Array, Uint8Array];
    const frontier = appendLeaf({ size: 2 ** 52, hashes: [left] }, leaf);
    expect(frontier).toEqual({ size: 2 ** 52 + 1, hashes: [left, leaf] });
    expect(frontierRoot(frontier)).toEqual(nodeHash(left, leaf));
  });
});
