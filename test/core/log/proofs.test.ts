import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromBase64, fromHex, toHex, utf8 } from '../../../src/core/bytes.ts';
import { leafHash, rootOf } from '../../../src/core/log/merkle.ts';
import { PROOF_HASHES_MAX, verifyConsistency, verifyInclusion } from '../../../src/core/log/proofs.ts';
import { MemoryTree } from '../../../src/core/log/tree.ts';
import { vectorPath, vectorTest } from '../../vectors.ts';
import { consistencyProof, inclusionProof, rootAt } from './proof-of.ts';

const invalid = expect.objectContaining({ code: 'proof_invalid' });
const LEAVES = Array.from({ length: 70 }, (_, i) => leafHash(utf8(`leaf ${i}`)));
const TREE = new MemoryTree();
for (const leaf of LEAVES) TREE.append(leaf);
const leafAt = (index: number): Uint8Array => LEAVES[index] ?? new Uint8Array(32);

/** Every way of spoiling one of these hashes: a bit, one left out, one twice, one more. */
function spoiled(proof: readonly Uint8Array[]): Uint8Array[][] {
  const flipped = proof.map((hash, i) => proof.with(i, flip(hash)));
  const without = proof.map((_, i) => proof.toSpliced(i, 1));
  const doubled = proof.map((hash, i) => proof.toSpliced(i, 0, hash));
  return [...flipped, ...without, ...doubled, [...proof, new Uint8Array(32)], [new Uint8Array(32), ...proof]];
}

const flip = (hash: Uint8Array): Uint8Array => hash.with(7, (hash[7] ?? 0) ^ 0x10);
const load = <T>(...path: string[]): T => JSON.parse(readFileSync(vectorPath('tlog', ...path), 'utf8')) as T;

describe('vectors', () => {
  type Inclusion = {
    leafIdx: number;
    treeSize: number;
    root: string;
    leafHash: string;
    proof: string[] | null;
    wantErr: boolean;
  };
  const bytes = (text: string): Uint8Array => (text === '' ? new Uint8Array(0) : fromBase64(text));

  vectorTest('agree on every inclusion proof', () => {
    const probes = Object.entries(load<Record<string, Inclusion>>('merkle-inclusion.json'));
    expect(probes).toHaveLength(98);
    for (const [name, probe] of probes) {
      const proof = (probe.proof ?? []).map(bytes);
      const verify = () =>
        verifyInclusion(bytes(probe.leafHash), probe.leafIdx, probe.treeSize, proof, bytes(probe.root));
      if (probe.wantErr) expect(verify, name).toThrow(invalid);
      else expect(verify, name).not.toThrow();
    }
  });

  type Consistency = {
    size1: number;
    size2: number;
    root1: string;
    root2: string;
    proof: string[] | null;
    wantErr: boolean;
  };
  // These roots are 12 bytes of "don't care": no tree has them, and we insist on 32.
  const OTHERWISE = 'additional/sizes-are-equal-one-and-proof-is-empty';

  vectorTest('agree on every consistency proof', () => {
    const probes = Object.entries(load<Record<string, Consistency>>('merkle-consistency.json'));
    expect(probes).toHaveLength(98);
    for (const [name, probe] of probes) {
      const proof = (probe.proof ?? []).map(bytes);
      const verify = () => verifyConsistency(probe.size1, bytes(probe.root1), probe.size2, bytes(probe.root2), proof);
      const expectError = probe.wantErr || name === OTHERWISE;
      if (expectError) expect(verify, name).toThrow(invalid);
      else expect(verify, name).not.toThrow();
    }
  });

  vectorTest('equal the proofs made here, for the RFC 6962 reference tree', () => {
    const reference = load<{
      leaves_hex: string[];
      roots_by_size: string[];
      inclusion: { index: number; size: number; proof: string[] }[];
      consistency: { size1: number; size2: number; proof: string[] }[];
    }>('rfc6962-reference.json');
    const tree = new MemoryTree();
    const hashes = reference.leaves_hex.map((leaf) => leafHash(fromHex(leaf)));
    for (const hash of hashes) tree.append(hash);
    const rootOfSize = (size: number) => fromHex(reference.roots_by_size[size] ?? '');

    expect([reference.inclusion.length, reference.consistency.length]).toEqual([36, 36]);
    for (const { index, size, proof } of reference.inclusion) {
      const made = inclusionProof(index, size, tree);
      expect(made.map(toHex)).toEqual(proof);
      verifyInclusion(hashes[index] ?? new Uint8Array(0), index, size, made, rootOfSize(size));
    }
    for (const { size1, size2, proof } of reference.consistency) {
      const made = consistencyProof(size1, size2, tree);
      expect(made.map(toHex)).toEqual(proof);
      verifyConsistency(size1, rootOfSize(size1), size2, rootOfSize(size2), made);
    }
  });
});

describe('the tree that makes proofs', () => {
  test('has the root of every size it ever had', () => {
    for (let size = 0; size <= LEAVES.length; size++) {
      expect(rootAt(size, TREE)).toEqual(rootOf(LEAVES.slice(0, size)));
    }
  });

  test('proves every leaf at every size', () => {
    for (let size = 1; size <= LEAVES.length; size++) {
      const root = rootAt(size, TREE);
      for (let index = 0; index < size; index++) {
        verifyInclusion(leafAt(index), index, size, inclusionProof(index, size, TREE), root);
      }
    }
  });

  test('proves every size to continue every smaller one', () => {
    for (let newSize = 0; newSize <= LEAVES.length; newSize++) {
      for (let oldSize = 0; oldSize <= newSize; oldSize++) {
        const proof = consistencyProof(oldSize, newSize, TREE);
        verifyConsistency(oldSize, rootAt(oldSize, TREE), newSize, rootAt(newSize, TREE), proof);
      }
    }
  });

  test('refuses an index or a size that it does not have', () => {
    const malformed = expect.objectContaining({ code: 'malformed' });
    expect(() => inclusionProof(0, 0, TREE)).toThrow(malformed);
    expect(() => inclusionProof(7, 7, TREE)).toThrow(malformed);
    expect(() => inclusionProof(-1, 7, TREE)).toThrow(malformed);
    expect(() => inclusionProof(0.5, 7, TREE)).toThrow(malformed);
    expect(() => inclusionProof(0, 71, TREE)).toThrow(malformed);
    expect(() => consistencyProof(8, 7, TREE)).toThrow(malformed);
    expect(() => consistencyProof(3, 71, TREE)).toThrow(malformed);
    expect(() => rootAt(71, TREE)).toThrow(malformed);
    expect(() => new MemoryTree().append(new Uint8Array(31))).toThrow(malformed);
  });

  test('makes and checks proofs at 2^53 - 1 leaves', () => {
    // All leaves alike, so that one hash a level describes the whole tree.
    const level: Uint8Array[] = [];
    const same = { hashAt: (height: number) => level[height] ?? new Uint8Array(32) };
    for (let height = 0; height <= 53; height++) {
      level.push(height === 0 ? leafAt(0) : rootOf([same.hashAt(height - 1), same.hashAt(height - 1)]));
    }
    const size = Number.MAX_SAFE_INTEGER;
    const root = rootAt(size, same);
    for (const index of [0, 2 ** 40 + 3, size - 1]) {
      verifyInclusion(leafAt(0), index, size, inclusionProof(index, size, same), root);
    }
    for (const oldSize of [1, 2 ** 52, 2 ** 52 + 2 ** 20 + 1, size - 1]) {
      verifyConsistency(oldSize, rootAt(oldSize, same), size, root, consistencyProof(oldSize, size, same));
    }
  });
});

describe('an inclusion proof', () => {
  test('is refused with any hash changed, missing or added', () => {
    for (const [index, size] of [
      [0, 1],
      [5, 8],
      [6, 7],
      [64, 65],
      [11, 70],
    ] as const) {
      const proof = inclusionProof(index, size, TREE);
      const root = rootAt(size, TREE);
      for (const bad of spoiled(proof)) {
        expect(() => verifyInclusion(leafAt(index), index, size, bad, root)).toThrow(invalid);
      }
      expect(() => verifyInclusion(flip(leafAt(index)), index, size, proof, root)).toThrow(invalid);
      expect(() => verifyInclusion(leafAt(index), index, size, proof, flip(root))).toThrow(invalid);
    }
  });

  test('proves no other leaf, and no index outside the tree', () => {
    const proof = inclusionProof(11, 70, TREE);
    const root = rootAt(70, TREE);
    for (const index of [-1, 0, 10, 12, 69, 70, 2 ** 53, 11.5, Number.NaN]) {
      expect(() => verifyInclusion(leafAt(11), index, 70, proof, root), String(index)).toThrow(invalid);
    }
    expect(() => verifyInclusion(leafAt(0), 0, 0, [], leafAt(0))).toThrow(invalid);
  });

  test('is refused with hashes that are not 32 bytes, or with too many', () => {
    const proof = inclusionProof(11, 70, TREE);
    const root = rootAt(70, TREE);
    expect(() => verifyInclusion(leafAt(11).subarray(1), 11, 70, proof, root)).toThrow(invalid);
    expect(() => verifyInclusion(leafAt(11), 11, 70, proof.with(0, new Uint8Array(33)), root)).toThrow(invalid);
    const endless = Array.from({ length: PROOF_HASHES_MAX + 1 }, () => new Uint8Array(32));
    expect(() => verifyInclusion(leafAt(11), 11, 70, endless, root)).toThrow(invalid);
  });

  test('is refused when made of random hashes', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(fc.array(hash, { maxLength: 8 }), fc.nat(69), (proof, index) => {
        expect(() => verifyInclusion(leafAt(index), index, 70, proof, rootAt(70, TREE))).toThrow(invalid);
      }),
    );
  });
});

describe('a consistency proof', () => {
  test('is refused with any hash changed, missing or added', () => {
    for (const [oldSize, newSize] of [
      [1, 2],
      [3, 7],
      [4, 8],
      [6, 8],
      [64, 65],
      [33, 70],
    ] as const) {
      const proof = consistencyProof(oldSize, newSize, TREE);
      const [oldRoot, newRoot] = [rootAt(oldSize, TREE), rootAt(newSize, TREE)];
      for (const bad of spoiled(proof)) {
        expect(() => verifyConsistency(oldSize, oldRoot, newSize, newRoot, bad)).toThrow(invalid);
      }
      expect(() => verifyConsistency(oldSize, flip(oldRoot), newSize, newRoot, proof)).toThrow(invalid);
      expect(() => verifyConsistency(oldSize, oldRoot, newSize, flip(newRoot), proof)).toThrow(invalid);
      expect(() => verifyConsistency(newSize, newRoot, oldSize, oldRoot, proof)).toThrow(invalid);
    }
  });

  test('does not hide a rewritten entry', () => {
    const forked = new MemoryTree();
    LEAVES.forEach((leaf, i) => {
      forked.append(i === 20 ? flip(leaf) : leaf);
    });
    const proof = consistencyProof(33, 70, forked);
    expect(() => verifyConsistency(33, rootAt(33, TREE), 70, rootAt(70, forked), proof)).toThrow(invalid);
  });

  test('does not let one size have two roots', () => {
    const root = rootAt(70, TREE);
    expect(() => verifyConsistency(70, root, 70, flip(root), [])).toThrow(invalid);
    expect(() => verifyConsistency(70, root, 70, root, [root])).toThrow(invalid);
  });

  test('from the empty tree is empty, and starts at the root of nothing', () => {
    const root = rootAt(70, TREE);
    const empty = rootAt(0, TREE);
    verifyConsistency(0, empty, 70, root, []);
    verifyConsistency(0, empty, 0, empty, []);
    expect(() => verifyConsistency(0, empty, 70, root, [root])).toThrow(invalid);
    expect(() => verifyConsistency(0, root, 70, root, [])).toThrow(invalid);
    expect(() => verifyConsistency(0, root, 0, root, [])).toThrow(invalid);
  });
});
