import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { fromBase64, utf8 } from '../../../src/core/bytes.ts';
import { type Checkpoint, openCheckpoint } from '../../../src/core/log/checkpoint.ts';
import { leafHash, rootOf } from '../../../src/core/log/merkle.ts';
import { parseNote, verifyNote } from '../../../src/core/log/note.ts';
import { parseVkey } from '../../../src/core/log/note-key.ts';
import { verifyConsistency, verifyInclusion } from '../../../src/core/log/proofs.ts';
import { MemoryTree } from '../../../src/core/log/tree.ts';
import { vectorPath, vectorTest } from '../../vectors.ts';
import { consistencyProof, inclusionProof } from './proof-of.ts';

// A log that another implementation wrote: leaf i is {"seq":i,"event":"test"}.

const path = (...parts: string[]): string => vectorPath('tlog', 'xmod-log', ...parts);
const text = (...parts: string[]): string => readFileSync(path(...parts), 'utf8');
const vkey = (): string => text('vkey').trim();
const open = (...parts: string[]): Checkpoint => openCheckpoint(utf8(text(...parts)), vkey());
const hashesOf = (lines: string): Uint8Array[] => lines.split('\n').filter(Boolean).map(fromBase64);
const leafOf = (index: number): Uint8Array => leafHash(utf8(`{"seq":${index},"event":"test"}`));

function treeOf(size: number): MemoryTree {
  const tree = new MemoryTree();
  for (let i = 0; i < size; i++) tree.append(leafOf(i));
  return tree;
}

/** `c2sp.org/tlog-proof@v1`, `index N`, hashes, an empty line, the checkpoint. */
function parseProof(proof: string): { index: number; hashes: Uint8Array[]; checkpoint: Uint8Array } {
  const border = proof.indexOf('\n\n');
  const [header, index = '', ...hashes] = proof.slice(0, border).split('\n');
  expect(header).toBe('c2sp.org/tlog-proof@v1');
  return {
    index: Number(index.replace('index ', '')),
    hashes: hashesOf(hashes.join('\n')),
    checkpoint: utf8(proof.slice(border + 2)),
  };
}

const sizesIn = (folder: string, pattern: RegExp): number[] =>
  readdirSync(path(folder))
    .map((name) => pattern.exec(name)?.[1])
    .filter((size) => size !== undefined)
    .map(Number)
    .sort((a, b) => a - b);

describe("another implementation's log", () => {
  vectorTest('has our root at every published size', () => {
    const sizes = sizesIn('old', /^checkpoint\.(\d+)$/);
    expect(sizes).toEqual([0, 1, 2, 3, 7, 8, 255, 256, 257, 300]);
    const leaves = Array.from({ length: 300 }, (_, i) => leafOf(i));
    for (const size of sizes) {
      const checkpoint = open('old', `checkpoint.${size}`);
      expect(checkpoint).toEqual({ origin: 'log.example/vault', size, root: rootOf(leaves.slice(0, size)) });
    }
    expect(open('checkpoint').size).toBe(300);
  });

  vectorTest('is cosigned by witnesses whose signatures verify', () => {
    const witnesses = [...text('policy').matchAll(/^witness \S+ (\S+)$/gm)].map(([, key = '']) => parseVkey(key));
    expect(witnesses).toHaveLength(3);
    const { verified, unknownCount } = verifyNote(parseNote(utf8(text('checkpoint'))), witnesses);
    expect(verified.map(({ key }) => key.name)).toEqual(['witness1.example', 'witness2.example']);
    expect(verified.map(({ timeSeconds }) => timeSeconds)).toEqual([1700000000n, 1700000000n]);
    expect(unknownCount).toBe(1);
  });

  vectorTest.each(['proofs', 'large'])('has inclusion proofs that verify, in %s', (folder) => {
    const sizes = sizesIn(folder, /^(\d+)\.tlog-proof$/);
    expect(sizes.length).toBeGreaterThan(2);
    for (const size of sizes) {
      const { index, hashes, checkpoint } = parseProof(text(folder, `${size}.tlog-proof`));
      const { size: signedSize, root } = openCheckpoint(checkpoint, vkey());
      expect(signedSize).toBe(size);
      const leaf = leafHash(utf8(text(folder, `${size}.leaf`)));
      expect(leaf).toEqual(leafOf(index));
      verifyInclusion(leaf, index, size, hashes, root);
      const wrong = expect.objectContaining({ code: 'proof_invalid' });
      expect(() => verifyInclusion(leafOf(index + 1), index, size, hashes, root)).toThrow(wrong);
    }
  });

  vectorTest.each(['proofs', 'large'])('has consistency proofs that verify, in %s', (folder) => {
    const names = readdirSync(path(folder)).filter((name) => name.endsWith('.consistency'));
    expect(names.length).toBeGreaterThan(2);
    const checkpointAt = (size: number): Checkpoint =>
      size <= 300 ? open('old', `checkpoint.${size}`) : open('large', `checkpoint.${size}`);
    for (const name of names) {
      const [from = 0, to = 0] = name.replace('.consistency', '').split('-').map(Number);
      const hashes = hashesOf(text(folder, name));
      verifyConsistency(from, checkpointAt(from).root, to, checkpointAt(to).root, hashes);
    }
  });

  vectorTest('has the proofs that we make', () => {
    const tree = treeOf(70_000);
    for (const size of [7, 8, 257, 300]) {
      const { index, hashes } = parseProof(text('proofs', `${size}.tlog-proof`));
      expect(inclusionProof(index, size, tree)).toEqual(hashes);
    }
    for (const size of [65_535, 65_536, 70_000]) {
      const { index, hashes } = parseProof(text('large', `${size}.tlog-proof`));
      expect(inclusionProof(index, size, tree)).toEqual(hashes);
    }
    for (const [from, to] of [
      [300, 65_535],
      [65_535, 65_536],
      [65_536, 70_000],
    ] as const) {
      expect(consistencyProof(from, to, tree)).toEqual(hashesOf(text('large', `${from}-${to}.consistency`)));
    }
  });

  vectorTest('when forked, gives a second checkpoint of one size that no proof reconciles', () => {
    const honest = open('checkpoint');
    const forked = open('fork', 'checkpoint');
    expect(forked.size).toBe(honest.size);
    const wrong = expect.objectContaining({ code: 'proof_invalid' });
    expect(() => verifyConsistency(300, honest.root, 300, forked.root, [])).toThrow(wrong);
  });
});
