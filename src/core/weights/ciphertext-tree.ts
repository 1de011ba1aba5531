import { equal } from '../bytes.ts';
import { must } from '../errors.ts';
import { HASH_BYTES, rootOf } from '../log/merkle.ts';
import type { BulkCrypto } from './bulk-crypto.ts';

/**
 * The digest of a file's ciphertext: the root of an RFC 6962 tree whose leaf k is SHA-256(00 ‖ encrypted
 * segment k), 32 bytes. It is in the signed manifest; the header is too, and is no leaf.
 */
export function ciphertextRoot(leaves: readonly Uint8Array[]): Uint8Array {
  return rootOf(leaves);
}

/**
 * Parses a leaves sidecar (attacker-controlled): the leaf hashes of `count` segments, 32 bytes each, one after the
 * other. Checks it against the `root` of a signed manifest. Throws `malformed` for another length and `digest_mismatch`.
 */
export function parseLeaves(bytes: Uint8Array, count: number, root: Uint8Array): readonly Uint8Array[] {
  const expected = count * HASH_BYTES;
  must(bytes.length === expected, 'malformed', `expected ${expected} bytes of leaves, got ${bytes.length}`);
  const leaves = Array.from({ length: count }, (_, k) => bytes.subarray(k * HASH_BYTES, (k + 1) * HASH_BYTES));
  must(equal(ciphertextRoot(leaves), root), 'digest_mismatch', 'the leaves are not of the root in the manifest');
  return leaves;
}

/**
 * Checks one encrypted segment (attacker-controlled) against leaves that `parseLeaves` returned, and returns it:
 * a scrub of stored ciphertext needs no key. Throws `digest_mismatch`, also where the file has no segment `k`.
 */
export function checkLeaf(
  leaves: readonly Uint8Array[],
  k: number,
  segment: Uint8Array,
  leafHash: BulkCrypto['leafHash'],
): Uint8Array {
  const leaf = leaves[k];
  const isLeaf = leaf !== undefined && equal(leafHash(segment), leaf);
  must(isLeaf, 'digest_mismatch', `segment ${k}: not the one in the manifest`);
  return segment;
}
