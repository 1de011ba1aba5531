import type { Hex } from '../../src/core/bytes.ts';
import { fromBase64url, fromHex } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { MAX_DURATION_MS } from '../../src/core/schema.ts';
import { decryptFile } from '../../src/core/weights/file.ts';
import { FLOE_WEIGHTS } from '../../src/core/weights/floe.ts';
import { type ManifestFile, plainBytes } from '../../src/core/weights/manifest.ts';
import { type PackedFile, packOf } from '../../src/core/weights/pack.ts';
import { platformBulkCrypto } from '../../src/platform/aead.ts';
import type { Api } from '../api/api.ts';
import { Patience, type RetryPolicy } from '../api/retry.ts';
import type { Lease } from './clock.ts';
import type { OpenedRelease } from './open-release.ts';

/** The longest range of one request. A broken connection then costs only a small part of the release's budget. */
const MAX_RANGE_BYTES = 16 << 20;
/** Files that are written and synced together: each is held open meanwhile. */
const MAX_BATCH_FILES = 128;
const MAX_BATCH_BYTES = 4 << 20;

export interface SmallFile {
  /** In the manifest. */
  readonly file: number;
  readonly plaintext: Uint8Array;
}

/**
 * The files of a release that have one segment, as their plaintext comes out of the pack: one request for many of them,
 * and none for leaves, since the root of such a file in the manifest is its leaf.
 */
export class SmallFiles {
  readonly #api: Api;
  readonly #release: OpenedRelease & { readonly lease: Lease };
  readonly #retry: RetryPolicy;
  /** Bytes of ciphertext that have been received. */
  receivedBytes = 0;

  /** `api` has the host's token. */
  constructor(api: Api, release: OpenedRelease & { readonly lease: Lease }, retry: RetryPolicy) {
    this.#api = api;
    this.#release = release;
    this.#retry = retry;
  }

  /**
   * Those of `wanted` that are small, in order, each with its leaf and its tag checked. What is not of the manifest is
   * left out: it is to be fetched again by itself, as `openSource`. Goes on after broken connections, from the file that
   * was cut off. Throws `unavailable`, `lease_over` and the vault's codes, as `openSource`.
   */
  async *batches(wanted: readonly number[]): AsyncGenerator<readonly SmallFile[], void, undefined> {
    const { core } = this.#release;
    const pack = packOf(core.files.map(plainBytes));
    const small = wanted.map((file) => pack.of(file)).filter((file) => file !== null);
    let batch: SmallFile[] = [];
    let bytes = 0;
    for (const range of rangesOf(small)) {
      for await (const { packed, encrypted } of this.#read(range)) {
        const plaintext = this.#open(packed, encrypted);
        if (plaintext === null) continue;
        batch.push({ file: packed.file, plaintext });
        bytes += plaintext.length;
        if (batch.length < MAX_BATCH_FILES && bytes < MAX_BATCH_BYTES) continue;
        yield batch;
        batch = [];
        bytes = 0;
      }
    }
    if (batch.length > 0) yield batch;
  }

  /** Null for what is not of the manifest. */
  #open({ file }: PackedFile, encrypted: Uint8Array): Uint8Array | null {
    const { core, releaseKey, lease } = this.#release;
    lease.requireLive();
    const entry = core.files[file] as ManifestFile;
    const root = fromHex(entry.root);
    const weights = { releaseKey, context: fromHex(core.ctx), index: file, plainBytes: plainBytes(entry) };
    const ciphertext = { header: fromBase64url(entry.header), root, leaves: root };
    try {
      return decryptFile(weights, ciphertext, platformBulkCrypto).segment(0, encrypted);
    } catch (error) {
      const isWrong = error instanceof TwinlockError && ['digest_mismatch', 'ciphertext_invalid'].includes(error.code);
      if (!isWrong) throw error;
      return null;
    }
  }

  /** The segments of a range, in order; the bytes of each are good until the next is asked for. */
  async *#read(range: readonly PackedFile[]): AsyncGenerator<Encrypted, void, undefined> {
    const patience = new Patience(this.#retry);
    for (let next = 0; next < range.length; ) {
      try {
        for await (const encrypted of this.#range(this.#release.manifestDigest, range.slice(next))) {
          patience.progress();
          next++;
          yield encrypted;
        }
      } catch (error) {
        // The lease's end cancels it.
        await patience.wait(error, MAX_DURATION_MS);
      }
    }
  }

  async *#range(manifestDigest: Hex, files: readonly PackedFile[]): AsyncGenerator<Encrypted, void, undefined> {
    const [first, last] = [files[0] as PackedFile, files.at(-1) as PackedFile];
    const pieces = await this.#api.weights(manifestDigest, 'pack', first.offset, last.offset + last.bytes);
    const buffer = new Uint8Array(
      Math.min(FLOE_WEIGHTS.encryptedSegmentBytes, last.offset + last.bytes - first.offset),
    );
    let i = 0;
    let filled = 0;
    for await (const piece of pieces) {
      this.receivedBytes += piece.length;
      for (let at = 0; at < piece.length; ) {
        const packed = files[i] as PackedFile;
        const taken = Math.min(packed.bytes - filled, piece.length - at);
        buffer.set(piece.subarray(at, at + taken), filled);
        at += taken;
        filled += taken;
        if (filled < packed.bytes) continue;
        i++;
        filled = 0;
        yield { packed, encrypted: buffer.subarray(0, packed.bytes) };
      }
    }
  }
}

interface Encrypted {
  readonly packed: PackedFile;
  readonly encrypted: Uint8Array;
}

/** Files that lie side by side, of at most `MAX_RANGE_BYTES` together. */
function* rangesOf(files: readonly PackedFile[]): Generator<readonly PackedFile[]> {
  let range: PackedFile[] = [];
  let bytes = 0;
  for (const file of files) {
    const isNext = range.at(-1)?.place === file.place - 1;
    if (range.length > 0 && (!isNext || bytes + file.bytes > MAX_RANGE_BYTES)) {
      yield range;
      range = [];
      bytes = 0;
    }
    range.push(file);
    bytes += file.bytes;
  }
  if (range.length > 0) yield range;
}
