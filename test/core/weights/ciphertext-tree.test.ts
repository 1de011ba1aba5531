import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../../../src/core/bytes.ts';
import { checkLeaf, ciphertextRoot, parseLeaves } from '../../../src/core/weights/ciphertext-tree.ts';
import { encodeLeaves } from './leaves.ts';
import { referenceBulkCrypto } from './reference-bulk-crypto.ts';

const { leafHash } = referenceBulkCrypto;
const SEGMENTS = [1, 2, 3].map((byte) => new Uint8Array(5).fill(byte));
const LEAVES = SEGMENTS.map(leafHash);
const ROOT = ciphertextRoot(LEAVES);
const MISMATCH = expect.objectContaining({ code: 'digest_mismatch' });

describe('the ciphertext tree', () => {
  test('is that of RFC 6962 over the encrypted segments', () => {
    const [a, b, c] = SEGMENTS.map((segment) => sha256(concat(Uint8Array.of(0), segment)));
    const node = (left = a, right = b) => sha256(concat(Uint8Array.of(1), left as Uint8Array, right as Uint8Array));
    expect(ROOT).toEqual(node(node(a, b), c));
  });

  test('a sidecar parses to the leaves it was made of', () => {
    const property = fc.property(
      fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 20 }),
      (leaves) => {
        expect(parseLeaves(encodeLeaves(leaves), leaves.length, ciphertextRoot(leaves))).toEqual(leaves);
      },
    );
    fc.assert(property, { numRuns: 30 });
  });

  test('a sidecar may be longer than a call can have arguments', () => {
    const count = 2 ** 18;
    expect(encodeLeaves(new Array<Uint8Array>(count).fill(ROOT))).toHaveLength(count * 32);
  });

  test('refuses every truncation and a trailing leaf', () => {
    const sidecar = encodeLeaves(LEAVES);
    const error = expect.objectContaining({ code: 'malformed' });
    for (let length = 0; length < sidecar.length; length++) {
      expect(() => parseLeaves(sidecar.slice(0, length), 3, ROOT)).toThrow(error);
    }
    expect(() => parseLeaves(concat(sidecar, ROOT), 3, ROOT)).toThrow(error);
  });

  test('refuses every flipped byte, swapped leaves, and leaves of fewer segments', () => {
    const sidecar = encodeLeaves(LEAVES);
    for (let at = 0; at < sidecar.length; at++) {
      const flipped = sidecar.map((byte, i) => (i === at ? byte ^ 1 : byte));
      expect(() => parseLeaves(flipped, 3, ROOT), `byte ${at}`).toThrow(MISMATCH);
    }
    expect(() => parseLeaves(encodeLeaves(LEAVES.toReversed()), 3, ROOT)).toThrow(MISMATCH);
    expect(() => parseLeaves(encodeLeaves(LEAVES.slice(0, 2)), 2, ROOT)).toThrow(MISMATCH);
  });

  test('a node is not taken for a segment', () => {
    const [left, right] = [ciphertextRoot(LEAVES.slice(0, 2)), LEAVES[2] as Uint8Array];
    expect(() => checkLeaf([ROOT], 0, concat(left, right), leafHash)).toThrow(MISMATCH);
  });

  test('returns a segment that is the one of its leaf', () => {
    for (const [k, segment] of SEGMENTS.entries()) expect(checkLeaf(LEAVES, k, segment, leafHash)).toBe(segment);
  });

  test('refuses a segment at the place of another, and past the end', () => {
    const [first] = SEGMENTS as [Uint8Array];
    for (const k of [1, 2, 3, -1]) expect(() => checkLeaf(LEAVES, k, first, leafHash)).toThrow(MISMATCH);
  });
});
