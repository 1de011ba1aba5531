import { createHash } from 'node:crypto';
import { equal, type Hex, toBase64url, toHex } from '../../src/core/bytes.ts';
import { canonicalBytes } from '../../src/core/canonical.ts';
import { must } from '../../src/core/errors.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { ciphertextRoot } from '../../src/core/weights/ciphertext-tree.ts';
import { continueFile, encryptFile, type FileEncryption } from '../../src/core/weights/file.ts';
import { plaintextSegmentBytes } from '../../src/core/weights/floe.ts';
import type { InnerManifest } from '../../src/core/weights/inner-manifest.ts';
import { MAX_INNER_BYTES, type ManifestFile } from '../../src/core/weights/manifest.ts';
import { packOf } from '../../src/core/weights/pack.ts';
import { platformBulkCrypto } from '../../src/platform/aead.ts';
import { TimeSlice } from '../../src/platform/turns.ts';
import { type FoundFile, readFound, readSmall } from './found-file.ts';
import type { StoredFiles } from './stored-files.ts';
import type { KeptFile, KeptSegment } from './unfinished.ts';
import type { Uploader } from './upload.ts';

const ZERO_DIGEST = '0'.repeat(64);

/** The deposit: a folder, its name, and the model's own signature if it has one. */
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
  /** The parts of each file that the vault has stored before. */
  readonly stored: StoredFiles;
  /** Bytes of plaintext that were read; less than none where they are read again. */
  readonly onBytes: (bytes: number) => void;
  /** A file has changed since it was encrypted, and is encrypted anew. */
  readonly onChanged: (path: string) => void;
}

interface Encrypted {
  readonly entry: ManifestFile;
  readonly sha256: Hex;
}

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Encrypts a folder into an upload, each file read once: small files, then large ones, and last the inner
 * manifest, which is file 0 and names the digests of the others. What the vault has stored of a file is read too, and
 * stays where the plaintext is what it was; a file that has changed is encrypted anew under a new header. Returns what
 * the manifest core says of each, the inner manifest first. Throws as `readFound` and the uploader.
 */
export async function encryptFolder(encryption: Encryption, uploader: Uploader): Promise<ManifestFile[]> {
  const { contents, files, stored } = encryption;
  await resize(encryption, uploader);
  const pack = packOf([0, ...files.map(({ bytes }) => bytes)]);
  const encrypted = new Map<number, Encrypted>();
  const slice = new TimeSlice();
  for (const { file, place } of pack.files) {
    await slice.rest();
    encrypted.set(file, await encryptSmall(encryption, uploader, [file, place]));
  }
  await uploader.endSmall();
  for (const [i, file] of files.entries()) {
    if (pack.of(i + 1) === null) encrypted.set(i + 1, await encryptLarge(encryption, uploader, [i + 1, file]));
  }
  const done = files.map((_, i) => encrypted.get(i + 1) as Encrypted);
  const inner = innerManifest(
    contents,
    files,
    new Map(files.map(({ path }, i) => [path, (done[i] as Encrypted).sha256])),
  );
  // The inner manifest of an earlier process may describe other files.
  if (stored.has(0, inner.length)) await uploader.restart(0, inner.length);
  const first = await encryptAnew(encryption, uploader, [0, inner.length], segmentsOf(inner));
  await uploader.finish();
  return [first.entry, ...done.map(({ entry }) => entry)];
}

/** First of all: where small files lie depends on the sizes of those before them. */
async function resize({ files, stored, onChanged }: Encryption, uploader: Uploader): Promise<void> {
  for (const [i, { path, bytes }] of files.entries()) {
    if (!stored.isResized(i + 1, bytes)) continue;
    onChanged(path);
    stored.update(await uploader.restart(i + 1, bytes));
  }
}

/** A file of one segment stays as it is, or is encrypted anew. */
async function encryptSmall(
  encryption: Encryption,
  uploader: Uploader,
  [index, place]: [index: number, place: number],
): Promise<Encrypted> {
  const { files, releaseKey, context, random, stored, onBytes, onChanged } = encryption;
  const found = files[index - 1] as FoundFile;
  const plaintext = readSmall(found);
  const plainBytes = plaintext.length;
  onBytes(plainBytes);
  const digest = createHash('sha256').update(plaintext).digest();
  const mark = stored.markOf(index, digest);
  const encrypted = (header: Uint8Array, leaf: Uint8Array): Encrypted => {
    const root = toHex(ciphertextRoot([leaf]));
    return { entry: { size: String(plainBytes), header: toBase64url(header), root }, sha256: toHex(digest) };
  };
  const kept = stored.of(index, plainBytes);
  const [before] = kept?.segments ?? [];
  if (kept !== null && before !== undefined && equal(before.mark, mark)) return encrypted(kept.header, before.leaf);
  if (stored.has(index, plainBytes)) {
    onChanged(found.path);
    stored.update(await uploader.restart(index, plainBytes));
  }
  const file = encryptFile({ releaseKey, context, index, plainBytes }, random, platformBulkCrypto);
  const { bytes, leaf } = file.segment(0, plaintext);
  await uploader.addSmall({
    file: index,
    place,
    bytes: plainBytes,
    header: file.header,
    segment: { bytes, leaf, mark },
  });
  return encrypted(file.header, leaf);
}

async function encryptLarge(
  encryption: Encryption,
  uploader: Uploader,
  [index, found]: [index: number, found: FoundFile],
): Promise<Encrypted> {
  const { stored, onBytes, onChanged } = encryption;
  const file: [index: number, plainBytes: number] = [index, found.bytes];
  const pieces = () => counted(readFound(found, plaintextSegmentBytes()), onBytes);
  const kept = stored.of(...file);
  if (kept !== null) {
    const encrypted = await encryptFrom(kept, encryption, uploader, file, pieces());
    if (encrypted !== null) return encrypted;
  }
  if (stored.has(...file)) {
    onChanged(found.path);
    stored.update(await uploader.restart(...file));
  }
  return encryptAnew(encryption, uploader, file, pieces());
}

async function encryptAnew(
  encryption: Encryption,
  uploader: Uploader,
  [index, plainBytes]: [index: number, plainBytes: number],
  pieces: Pieces,
): Promise<Encrypted> {
  const { releaseKey, context, random } = encryption;
  const file = encryptFile({ releaseKey, context, index, plainBytes }, random, platformBulkCrypto);
  const encrypted = await encryptInto(uploader, { index, plainBytes, file, kept: [] }, encryption, pieces);
  must(encrypted !== null, 'internal', 'nothing was kept of the file');
  return encrypted;
}

/** Null where the plaintext of the segments that are kept is another now. */
function encryptFrom(
  { header, segments }: KeptFile,
  encryption: Encryption,
  uploader: Uploader,
  [index, plainBytes]: [index: number, plainBytes: number],
  pieces: Pieces,
): Promise<Encrypted | null> {
  const { releaseKey, context, random } = encryption;
  const weights = { releaseKey, context, index, plainBytes };
  const file = continueFile(weights, header, random, platformBulkCrypto);
  return encryptInto(uploader, { index, plainBytes, file, kept: segments }, encryption, pieces);
}

async function encryptInto(
  uploader: Uploader,
  {
    index,
    plainBytes,
    file,
    kept,
  }: {
    readonly index: number;
    readonly plainBytes: number;
    readonly file: FileEncryption;
    readonly kept: readonly KeptSegment[];
  },
  { stored }: Encryption,
  pieces: Pieces,
): Promise<Encrypted | null> {
  const { header, segmentCount } = file;
  const hash = createHash('sha256');
  const leaves: Uint8Array[] = [];
  uploader.begin({ file: index, bytes: plainBytes, header, stored: kept.length });
  const take = async (piece: Uint8Array): Promise<boolean> => {
    const k = leaves.length;
    hash.update(piece);
    const mark = stored.markOf(index, hash.copy().digest());
    const before = kept[k];
    if (before !== undefined && k < kept.length - 1) leaves.push(before.leaf);
    else if (before !== undefined) {
      if (!equal(before.mark, mark)) return false;
      leaves.push(before.leaf);
    } else {
      const { bytes, leaf } = file.segment(k, piece);
      leaves.push(leaf);
      await uploader.add({ bytes, leaf, mark });
    }
    return true;
  };
  for await (const piece of pieces) if (!(await take(piece))) return null;
  must(leaves.length === segmentCount, 'internal', `expected ${segmentCount} segments, got ${leaves.length}`);
  await uploader.end();
  const root = toHex(ciphertextRoot(leaves));
  return { entry: { size: String(plainBytes), header: toBase64url(header), root }, sha256: hash.digest('hex') };
}

/** Takes back what it has counted where its reader goes away early. */
async function* counted(pieces: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void) {
  let bytes = 0;
  let isWhole = false;
  try {
    for await (const piece of pieces) {
      bytes += piece.length;
      onBytes(piece.length);
      yield piece;
    }
    isWhole = true;
  } finally {
    if (!isWhole) onBytes(-bytes);
  }
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
