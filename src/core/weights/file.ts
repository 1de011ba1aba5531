import { u32 } from '../bytes.ts';
import { must } from '../errors.ts';
import { frame } from '../frame.ts';
import type { RandomBytes } from '../random.ts';
import type { BulkCrypto } from './bulk-crypto.ts';
import { checkLeaf, parseLeaves } from './ciphertext-tree.ts';
import {
  continueEncryption,
  FLOE_WEIGHTS,
  type FloeEncryption,
  type FloeParameters,
  segmentCount,
  segmentSpan,
  startDecryption,
  startEncryption,
} from './floe.ts';
import { fileKey } from './release-key.ts';

/** One file of a version: which one, under which key, and how long. */
export interface WeightsFile {
  /** 64 bytes; decrypting, one that `checkReleaseKey` returned. */
  readonly releaseKey: Uint8Array;
  /** 32 bytes, of `manifestContext`. */
  readonly context: Uint8Array;
  /** Position in the manifest's `files`; 0 is the inner manifest. */
  readonly index: number;
  /** Bytes of plaintext; decrypting, those of the signed manifest. */
  readonly plainBytes: number;
}

export interface EncryptedSegment {
  readonly bytes: Uint8Array;
  /** SHA-256(00 ‖ bytes), 32 bytes. */
  readonly leaf: Uint8Array;
}

export interface FileEncryption {
  readonly header: Uint8Array;
  readonly segmentCount: number;
  /**
   * Encrypts segment `k`, in any order. A segment may be encrypted again, with other ciphertext: the leaf of
   * the one that is kept counts. Throws `malformed` unless `plaintext` has the length that the file's size
   * gives it (the file changed while it was read), and `range_not_satisfiable`.
   */
  segment(k: number, plaintext: Uint8Array): EncryptedSegment;
}

export interface FileDecryption {
  readonly segmentCount: number;
  /**
   * Decrypts segment `k` (attacker-controlled). Throws `ciphertext_invalid` for a wrong length or tag,
   * `digest_mismatch` when it is not the segment in the manifest, and `range_not_satisfiable`.
   */
  segment(k: number, encrypted: Uint8Array): Uint8Array;
}

/** Encrypts one file (design: formats, "Bulk"). Throws `malformed` for a key or a size that is none. */
export function encryptFile(
  file: WeightsFile,
  random: RandomBytes,
  bulk: BulkCrypto,
  parameters: FloeParameters = FLOE_WEIGHTS,
): FileEncryption {
  const floe = startEncryption(fileKey(file.releaseKey, file.index), fileAad(file), random, bulk.aead, parameters);
  return encryptionOf(file, floe, bulk, parameters);
}

/**
 * Goes on with a file that `encryptFile` began: segments that are kept stay as they are, all others are encrypted anew.
 * `plainBytes` must be what it was. Throws `ciphertext_invalid` for a header of another key, file or version.
 */
export function continueFile(
  file: WeightsFile,
  header: Uint8Array,
  random: RandomBytes,
  bulk: BulkCrypto,
  parameters: FloeParameters = FLOE_WEIGHTS,
): FileEncryption {
  const key = fileKey(file.releaseKey, file.index);
  const floe = continueEncryption(key, fileAad(file), header, random, bulk.aead, parameters);
  return encryptionOf(file, floe, bulk, parameters);
}

function encryptionOf(
  file: WeightsFile,
  floe: FloeEncryption,
  bulk: BulkCrypto,
  parameters: FloeParameters,
): FileEncryption {
  return {
    header: floe.header,
    segmentCount: segmentCount(file.plainBytes, parameters),
    segment(k, plaintext) {
      const span = segmentSpan(k, file.plainBytes, parameters);
      const isWhole = plaintext.length === span.plainBytes;
      must(isWhole, 'malformed', `segment ${k}: expected ${span.plainBytes} bytes, got ${plaintext.length}`);
      const bytes = floe.segment(k, plaintext, span.last);
      return { bytes, leaf: bulk.leafHash(bytes) };
    },
  };
}

/** The manifest's and its sidecar's description of a file's ciphertext. */
export interface FileCiphertext {
  /** From the signed manifest, 74 bytes. */
  readonly header: Uint8Array;
  /** From the signed manifest, 32 bytes. */
  readonly root: Uint8Array;
  /** The leaves sidecar (attacker-controlled until the root has been computed from it). */
  readonly leaves: Uint8Array;
}

/**
 * Decrypts one file of a manifest whose signature has been checked. Throws `ciphertext_invalid` for a header of
 * another key, file or version, `malformed` and `digest_mismatch` for the leaves.
 *
 * The leaf of each segment is checked before its tag. The tag alone would not do: every host that had a
 * release can make segments with a good tag, and only the depositor signed the root.
 */
export function decryptFile(
  file: WeightsFile,
  ciphertext: FileCiphertext,
  bulk: BulkCrypto,
  parameters: FloeParameters = FLOE_WEIGHTS,
): FileDecryption {
  const { header, root } = ciphertext;
  const leaves = parseLeaves(ciphertext.leaves, segmentCount(file.plainBytes, parameters), root);
  const floe = startDecryption(fileKey(file.releaseKey, file.index), fileAad(file), header, bulk.aead, parameters);
  return {
    segmentCount: leaves.length,
    segment(k, encrypted) {
      const span = segmentSpan(k, file.plainBytes, parameters);
      const isWhole = encrypted.length === span.bytes;
      must(isWhole, 'ciphertext_invalid', `segment ${k}: expected ${span.bytes} bytes, got ${encrypted.length}`);
      return floe.segment(k, checkLeaf(leaves, k, encrypted, bulk.leafHash), span.last);
    },
  };
}

function fileAad({ context, index }: WeightsFile): Uint8Array {
  return frame('twinlock/v1/file', context, u32(index));
}
