import { createHash } from 'node:crypto';
import { type Hex, toBase64url, toHex } from '../../src/core/bytes.ts';
import { canonicalBytes } from '../../src/core/canonical.ts';
import { must } from '../../src/core/errors.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { ciphertextRoot } from '../../src/core/weights/ciphertext-tree.ts';
import { encryptFile, type FileEncryption } from '../../src/core/weights/file.ts';
import { plaintextSegmentBytes } from '../../src/core/weights/floe.ts';
import type { InnerManifest } from '../../src/core/weights/inner-manifest.ts';
import { MAX_INNER_BYTES, type ManifestFile } from '../../src/core/weights/manifest.ts';
import { platformBulkCrypto } from '../../src/platform/aead.ts';
import { type FoundFile, readFound } from './found-file.ts';
import type { Uploader } from './upload.ts';

const ZERO_DIGEST = '0'.repeat(64);

/** What is deposited: a folder, under a name, with the model's own signature where it has one. */
export interface Contents {
  readonly model: string;
  readonly version: string;
  readonly folder: string;
  /** An OpenSSF Model Signing bundle, carried in the inner manifest for the hosts to verify. */
  readonly modelSignature: Uint8Array | null;
}

export interface Encryption {
  readonly contents: Contents;
  readonly files: readonly FoundFile[];
  /** 64 bytes. */
  readonly releaseKey: Uint8Array;
  /** 32 bytes, of `manifestContext`. */
  readonly context: Uint8Array;
  readonly random: RandomBytes;
  readonly onBytes: (bytes: number) => void;
}

/**
 * Encrypts a folder into an upload, each file read once: the files, and last the inner manifest, which is file 0
 * and names the digests of the others. Returns what the manifest core says of each, the inner manifest first.
 * Throws as `readFound` and the uploader.
 */
export async function encryptFolder(encryption: Encryption, uploader: Uploader): Promise<ManifestFile[]> {
  const { contents, files, onBytes } = encryption;
  const digests = new Map<string, Hex>();
  const encrypted: ManifestFile[] = [];
  for (const [i, file] of files.entries()) {
    const hash = createHash('sha256');
    const pieces = readFound(file, plaintextSegmentBytes());
    const entry = await encryptOne(encryption, uploader, i + 1, file.bytes, pieces, (piece) => {
      hash.update(piece);
      onBytes(piece.length);
    });
    encrypted.push(entry);
    digests.set(file.path, hash.digest('hex'));
  }
  const inner = innerManifest(contents, files, digests);
  const first = await encryptOne(encryption, uploader, 0, inner.length, segmentsOf(inner), () => undefined);
  await uploader.finish();
  return [first, ...encrypted];
}

async function encryptOne(
  { releaseKey, context, random }: Encryption,
  uploader: Uploader,
  index: number,
  plainBytes: number,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  onPiece: (piece: Uint8Array) => void,
): Promise<ManifestFile> {
  const file = encryptFile({ releaseKey, context, index, plainBytes }, random, platformBulkCrypto);
  const leaves: Uint8Array[] = [];
  uploader.begin(index);
  for await (const piece of pieces) {
    onPiece(piece);
    await uploader.add(nextSegment(file, leaves, piece));
  }
  // An empty file is one empty segment.
  if (leaves.length === 0) await uploader.add(nextSegment(file, leaves, new Uint8Array(0)));
  await uploader.end();
  return { size: String(plainBytes), header: toBase64url(file.header), root: toHex(ciphertextRoot(leaves)) };
}

function nextSegment(file: FileEncryption, leaves: Uint8Array[], piece: Uint8Array): Uint8Array {
  const { bytes, leaf } = file.segment(leaves.length, piece);
  leaves.push(leaf);
  return bytes;
}

function* segmentsOf(bytes: Uint8Array): Generator<Uint8Array> {
  const length = plaintextSegmentBytes();
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/**
 * The inner manifest, zeros where a digest is not known yet: its length depends on names and sizes alone, and
 * an upload is opened before anything has been read. Throws `too_large`.
 */
export function innerManifest(
  { model, version, modelSignature }: Contents,
  files: readonly FoundFile[],
  digests: ReadonlyMap<string, Hex>,
): Uint8Array {
  const inner: InnerManifest = {
    v: 1,
    kind: 'inner-manifest',
    model,
    version,
    files: files.map(({ path, bytes }) => ({ path, size: String(bytes), sha256: digests.get(path) ?? ZERO_DIGEST })),
    modelSignature: modelSignature === null ? null : toBase64url(modelSignature),
  };
  const encoded = canonicalBytes(inner);
  const { length } = encoded;
  must(length <= MAX_INNER_BYTES, 'too_large', `the names of the files take ${length} of ${MAX_INNER_BYTES} bytes`);
  return encoded;
}
