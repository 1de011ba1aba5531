// biome-ignore lint/style/noRestrictedImports: the bare cipher is what FLOE is measured against
import { createCipheriv, createDecipheriv, createHash, randomFillSync } from 'node:crypto';
import { ciphertextRoot } from '../../src/core/weights/ciphertext-tree.ts';
import { decryptFile, encryptFile, type FileEncryption, type WeightsFile } from '../../src/core/weights/file.ts';
import { plaintextSegmentBytes } from '../../src/core/weights/floe.ts';
import { platformBulkCrypto } from '../../src/platform/aead.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { encodeLeaves } from '../core/weights/leaves.ts';
import { race } from './measure.ts';
import { type Bench, row } from './row.ts';

const CIPHER = 'aes-256-gcm';
/** What the bare primitives are fed at a time: the size at which they are fastest here, as for our own. */
const PIECE_BYTES = 128 * 1024;
const BARE = 'AES-256-GCM, then SHA-256';
const BARE_CIPHER = 'AES-256-GCM alone';

interface Sealed {
  readonly bytes: Uint8Array;
  readonly tag: Uint8Array;
}

/**
 * What the depositor and the host do with every byte of the weights, on one core, from memory to memory:
 * 1 MiB segments encrypted and hashed, checked against their leaves and decrypted.
 *
 * Against the platform's AES-256-GCM and SHA-256 called by hand over the same segments, one key and IV per
 * segment, output thrown away: the least that any format with an authenticated encryption and a digest of the
 * ciphertext costs here. And against the cipher alone, which has no digest that a signature could name.
 */
export const floeBench: Bench = async ({ quick }) => {
  const segmentBytes = plaintextSegmentBytes();
  const segments = Array.from({ length: quick ? 16 : 128 }, () => randomFillSync(new Uint8Array(segmentBytes)));
  const bytes = segments.length * segmentBytes;
  const file = { releaseKey: platformRandom(64), context: platformRandom(32), index: 1, plainBytes: bytes };
  const key = platformRandom(32);
  const iv = platformRandom(12);
  const sealed = segments.map((segment) => sealBare(key, iv, segment));
  const hashed = (segment: Uint8Array) => createHash('sha256').update(segment).digest();
  const { encrypt, decrypt } = ours(file, segments);
  const rounds = await race(
    {
      encrypt: { act: encrypt },
      decrypt: { act: decrypt },
      seal: { act: () => each(segments, (segment) => feed(createCipheriv(CIPHER, key, iv), segment).final()) },
      open: { act: () => each(sealed, (segment) => openBare(key, iv, segment)) },
      hash: { act: () => each(segments, hashed) },
    },
    quick ? 3 : 9,
  );
  const scale = { unit: 'GB/s', work: bytes } as const;
  const both = (cipher: readonly number[]) => cipher.map((seconds, i) => seconds + (rounds.hash[i] ?? Number.NaN));
  const { encrypt: encrypted, decrypt: decrypted, seal, open } = rounds;
  const encryption = 'FLOE encrypt with leaf hash, one core';
  const decryption = 'FLOE decrypt with leaf check, one core';
  return {
    rows: [
      row('floe', encryption, encrypted, scale, { what: BARE, rounds: both(seal) }),
      row('floe', encryption, encrypted, scale, { what: BARE_CIPHER, rounds: seal }),
      row('floe', decryption, decrypted, scale, { what: BARE, rounds: both(open) }),
      row('floe', decryption, decrypted, scale, { what: BARE_CIPHER, rounds: open }),
      row('floe', 'SHA-256, one core', rounds.hash, scale, null),
    ],
    skipped: [],
  };
};

/** The client's own path. Encrypted segments are dropped, as a depositor's are once they have been sent. */
function ours(file: WeightsFile, segments: readonly Uint8Array[]) {
  const encryption = encryptFile(file, platformRandom, platformBulkCrypto);
  const encrypted = segments.map((segment, k) => encryption.segment(k, segment));
  const leaves = encrypted.map(({ leaf }) => leaf);
  const ciphertext = { header: encryption.header, root: ciphertextRoot(leaves), leaves: encodeLeaves(leaves) };
  return {
    encrypt() {
      const again: FileEncryption = encryptFile(file, platformRandom, platformBulkCrypto);
      for (const [k, segment] of segments.entries()) again.segment(k, segment);
    },
    decrypt() {
      const decryption = decryptFile(file, ciphertext, platformBulkCrypto);
      for (const [k, { bytes }] of encrypted.entries()) decryption.segment(k, bytes);
    },
  };
}

function sealBare(key: Uint8Array, iv: Uint8Array, segment: Uint8Array): Sealed {
  const cipher = createCipheriv(CIPHER, key, iv);
  const bytes = cipher.update(segment);
  cipher.final();
  return { bytes, tag: cipher.getAuthTag() };
}

function openBare(key: Uint8Array, iv: Uint8Array, { bytes, tag }: Sealed): void {
  const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: tag.length });
  decipher.setAuthTag(tag);
  feed(decipher, bytes).final();
}

function feed<C extends { update(piece: Uint8Array): unknown }>(cipher: C, segment: Uint8Array): C {
  for (let at = 0; at < segment.length; at += PIECE_BYTES) cipher.update(segment.subarray(at, at + PIECE_BYTES));
  return cipher;
}

function each<T>(items: readonly T[], act: (item: T) => unknown): void {
  for (const item of items) act(item);
}
