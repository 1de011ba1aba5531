import { describe, expect, test } from 'vitest';
import { concat, toHex } from '../../../src/core/bytes.ts';
import { ciphertextRoot } from '../../../src/core/weights/ciphertext-tree.ts';
import {
  continueFile,
  decryptFile,
  type EncryptedSegment,
  encryptFile,
  type FileCiphertext,
  type WeightsFile,
} from '../../../src/core/weights/file.ts';
import { encryptedBytes, type FloeParameters } from '../../../src/core/weights/floe.ts';
import { manifestContext, releaseKey } from '../../../src/core/weights/release-key.ts';
import { platformBulkCrypto } from '../../../src/platform/aead.ts';
import { encodeLeaves } from './leaves.ts';
import { referenceBulkCrypto } from './reference-bulk-crypto.ts';
import { seededRandom } from './seeded-random.ts';

const SMALL: FloeParameters = { encryptedSegmentBytes: 40, rotationMaskBits: 20, ivBytes: 32 };
const CONTEXT = manifestContext('11'.repeat(32), 'acme/ocr', '1');
const FILE: WeightsFile = {
  releaseKey: releaseKey(new Uint8Array(32), CONTEXT),
  context: CONTEXT,
  index: 3,
  plainBytes: 19,
};
const PLAINTEXT = Uint8Array.from({ length: 19 }, (_, i) => i);
const INVALID = expect.objectContaining({ code: 'ciphertext_invalid' });
const MISMATCH = expect.objectContaining({ code: 'digest_mismatch' });

function encrypt(plaintext: Uint8Array, file: WeightsFile, seed = 'file'): [FileCiphertext, Uint8Array[]] {
  const encryption = encryptFile(file, seededRandom(seed), platformBulkCrypto, SMALL);
  const segments: EncryptedSegment[] = [];
  for (let k = 0; k < encryption.segmentCount; k++) {
    segments.push(encryption.segment(k, plaintext.slice(8 * k, 8 * (k + 1))));
  }
  const leaves = segments.map((segment) => segment.leaf);
  const ciphertext = { header: encryption.header, root: ciphertextRoot(leaves), leaves: encodeLeaves(leaves) };
  return [ciphertext, segments.map((segment) => segment.bytes)];
}

const [CIPHERTEXT, SEGMENTS] = encrypt(PLAINTEXT, FILE);
const open = (file = FILE, ciphertext = CIPHERTEXT) => decryptFile(file, ciphertext, referenceBulkCrypto, SMALL);

describe('a file of weights', () => {
  test.each([0, 1, 7, 8, 9, 16, 19])('of %i bytes comes back', (plainBytes) => {
    const file = { ...FILE, plainBytes };
    const plaintext = PLAINTEXT.slice(0, plainBytes);
    const [ciphertext, segments] = encrypt(plaintext, file);
    const decryption = open(file, ciphertext);
    expect(concat(...segments.map((segment, k) => decryption.segment(k, segment)))).toEqual(plaintext);
    expect(concat(ciphertext.header, ...segments)).toHaveLength(encryptedBytes(plainBytes, SMALL));
  });

  test('that is gone on with keeps its header and takes fresh IVs', () => {
    const segment = (k: number) => PLAINTEXT.slice(8 * k, 8 * (k + 1));
    const random = seededRandom('again');
    const continued = continueFile(FILE, CIPHERTEXT.header, random, platformBulkCrypto, SMALL);
    expect(continued.header).toEqual(CIPHERTEXT.header);
    const again = [1, 2].map((k) => continued.segment(k, segment(k)).bytes);
    const ivs = [...SEGMENTS, ...again, continued.segment(1, segment(1)).bytes].map((bytes) =>
      toHex(bytes.slice(4, 16)),
    );
    expect(new Set(ivs).size).toBe(ivs.length);
    const segments = [SEGMENTS[0] ?? new Uint8Array(), ...again];
    const leaves = segments.map((bytes) => platformBulkCrypto.leafHash(bytes));
    const ciphertext = { ...CIPHERTEXT, root: ciphertextRoot(leaves), leaves: encodeLeaves(leaves) };
    const decryption = open(FILE, ciphertext);
    expect(concat(...segments.map((bytes, k) => decryption.segment(k, bytes)))).toEqual(PLAINTEXT);
  });

  test.each([
    ['of another file', { ...FILE, index: 4 }, CIPHERTEXT.header],
    ['that is altered', FILE, CIPHERTEXT.header.map((byte, i) => (i === 20 ? byte ^ 1 : byte))],
    ['that is too short', FILE, CIPHERTEXT.header.slice(0, 73)],
  ])('is not gone on with under a header %s', (_, file, header) => {
    expect(() => continueFile(file, header, seededRandom('x'), platformBulkCrypto, SMALL)).toThrow(INVALID);
  });

  test('of more than one real segment comes back', () => {
    const plaintext = new Uint8Array(2 ** 20 + 1).fill(5);
    const file = { ...FILE, plainBytes: plaintext.length };
    const encryption = encryptFile(file, seededRandom('real'), platformBulkCrypto);
    const parts = [plaintext.subarray(0, 2 ** 20), plaintext.subarray(2 ** 20)];
    const segments = parts.map((part, k) => encryption.segment(k, part));
    expect(segments.map(({ bytes }) => bytes.length)).toEqual([1_048_608, 33]);
    const leaves = segments.map(({ leaf }) => leaf);
    const { header } = encryption;
    const sealed = { header, root: ciphertextRoot(leaves), leaves: encodeLeaves(leaves) };
    const decryption = decryptFile(file, sealed, platformBulkCrypto);
    for (const [k, { bytes }] of segments.entries()) {
      expect(Buffer.compare(decryption.segment(k, bytes), parts[k] as Uint8Array)).toBe(0);
    }
  });

  test('is not encrypted when it changed its length meanwhile', () => {
    const encryption = encryptFile(FILE, seededRandom('changed'), platformBulkCrypto, SMALL);
    const error = expect.objectContaining({ code: 'malformed' });
    expect(() => encryption.segment(2, new Uint8Array(2))).toThrow(error);
    expect(() => encryption.segment(2, new Uint8Array(4))).toThrow(error);
    expect(() => encryption.segment(0, new Uint8Array(7))).toThrow(error);
    expect(() => encryption.segment(3, new Uint8Array(0))).toThrow(
      expect.objectContaining({ code: 'range_not_satisfiable' }),
    );
  });

  test('does not open as another file, of another version or with another key', () => {
    const context = manifestContext('11'.repeat(32), 'acme/ocr', '2');
    expect(() => open({ ...FILE, index: 2 })).toThrow(INVALID);
    expect(() => open({ ...FILE, context })).toThrow(INVALID);
    expect(() => open({ ...FILE, releaseKey: releaseKey(new Uint8Array(32).fill(1), CONTEXT) })).toThrow(INVALID);
  });

  test('does not decrypt under the header of another encryption of the same file', () => {
    const [other] = encrypt(PLAINTEXT, FILE, 'other');
    const decryption = open(FILE, { ...CIPHERTEXT, header: other.header });
    for (const [k, segment] of SEGMENTS.entries()) expect(() => decryption.segment(k, segment)).toThrow(INVALID);
  });

  test('does not open with leaves that are not of the root', () => {
    const [other] = encrypt(PLAINTEXT, FILE, 'other');
    expect(() => open(FILE, { ...CIPHERTEXT, leaves: other.leaves })).toThrow(MISMATCH);
  });

  test('refuses every truncation and every flipped byte of a segment', () => {
    const decryption = open();
    const [, segment] = SEGMENTS as [Uint8Array, Uint8Array];
    for (let at = 0; at < segment.length; at++) {
      const flipped = segment.map((byte, i) => (i === at ? byte ^ 1 : byte));
      expect(() => decryption.segment(1, segment.slice(0, at)), `${at} bytes`).toThrow(INVALID);
      expect(() => decryption.segment(1, flipped), `byte ${at}`).toThrow(MISMATCH);
    }
  });

  test('refuses a trailing byte, swapped segments, and a segment past the end', () => {
    const decryption = open();
    const [first, second, last] = SEGMENTS as [Uint8Array, Uint8Array, Uint8Array];
    expect(() => decryption.segment(2, concat(last, Uint8Array.of(0)))).toThrow(INVALID);
    expect(() => decryption.segment(0, second)).toThrow(MISMATCH);
    expect(() => decryption.segment(1, first)).toThrow(MISMATCH);
    expect(() => decryption.segment(3, last)).toThrow(expect.objectContaining({ code: 'range_not_satisfiable' }));
  });

  test('refuses a segment with a good tag that a host with the key made later', () => {
    const [, forged] = encrypt(new Uint8Array(19), FILE, 'file');
    const decryption = open();
    expect(() => decryption.segment(0, forged[0] as Uint8Array)).toThrow(MISMATCH);
  });

  test('refuses a segment that is in the manifest and whose tag is wrong', () => {
    const segments = SEGMENTS.map((bytes, k) =>
      k === 1 ? bytes.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) : bytes,
    );
    const leaves = segments.map(referenceBulkCrypto.leafHash);
    const sealed = { ...CIPHERTEXT, root: ciphertextRoot(leaves), leaves: encodeLeaves(leaves) };
    expect(() => open(FILE, sealed).segment(1, segments[1] as Uint8Array)).toThrow(INVALID);
  });

  test('refuses to be read under a size that the manifest does not give it', () => {
    const { header } = CIPHERTEXT;
    const shorter = { ...FILE, plainBytes: 16 };
    const leaves = SEGMENTS.slice(0, 2).map(referenceBulkCrypto.leafHash);
    const sealed = { header, root: ciphertextRoot(leaves), leaves: encodeLeaves(leaves) };
    expect(() => open(shorter)).toThrow(expect.objectContaining({ code: 'malformed' }));
    expect(() => open(shorter, sealed).segment(1, SEGMENTS[1] as Uint8Array)).toThrow(INVALID);
  });
});
