import type { Hex } from '../../src/core/bytes.ts';
import { fromBase64url, fromHex } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { MAX_DURATION_MS } from '../../src/core/schema.ts';
import { decryptFile, type FileDecryption } from '../../src/core/weights/file.ts';
import { FLOE_WEIGHTS, segmentCount, segmentSpan } from '../../src/core/weights/floe.ts';
import { plainBytes } from '../../src/core/weights/manifest.ts';
import { platformBulkCrypto } from '../../src/platform/aead.ts';
import type { Api } from '../api.ts';
import { Patience, type RetryPolicy, withRetry } from '../retry.ts';
import type { Lease } from './clock.ts';
import type { OpenedRelease } from './open-release.ts';

/** Segments of one request: what a broken connection can cost of the release's budget is a small part of it. */
const RANGE_SEGMENTS = 32;

/** A file of a release, as its plaintext comes out. */
export interface Source {
  /** In the manifest; 0 is the inner manifest. */
  readonly file: number;
  readonly plainBytes: number;
  readonly segments: number;
  /** Plaintext of the segments from number `from` on, each only after its leaf and its tag have been checked. */
  plaintext(from: number): AsyncGenerator<Uint8Array, void, undefined>;
  /** Bytes of ciphertext that have been received. */
  readonly receivedBytes: number;
}

/**
 * Opens a file for reading: fetches its leaves and checks them against the manifest's root. `api` has the host's
 * token. Reading goes on after broken connections, from the segment that was cut off. Throws `digest_mismatch`
 * and `ciphertext_invalid` with `detail.file` for what is not of the manifest, `unavailable` once the vault has
 * not been reached for as long as `retry` says, `proposal_closed` once the lease is over by this host's clock, and the
 * vault's codes: `proposal_closed`, `budget_exceeded`.
 */
export async function openSource(
  api: Api,
  release: OpenedRelease & { readonly lease: Lease },
  file: number,
  retry: RetryPolicy,
): Promise<Source> {
  const { manifest, core, releaseKey, lease } = release;
  const entry = core.files[file];
  must(entry !== undefined, 'manifest_mismatch', `the version has no file ${file}`);
  const bytes = plainBytes(entry);
  const leaves = await withRetry(retry, () => api.leaves(manifest, file), MAX_DURATION_MS);
  const weights = { releaseKey, context: fromHex(core.ctx), index: file, plainBytes: bytes };
  const ciphertext = { header: fromBase64url(entry.header), root: fromHex(entry.root), leaves };
  lease.requireLive();
  const decryption = inFile(file, () => decryptFile(weights, ciphertext, platformBulkCrypto));
  const reader = new SegmentReader(api, manifest, file, bytes, retry);
  return {
    file,
    plainBytes: bytes,
    segments: decryption.segmentCount,
    plaintext: (from) => decrypted(reader.read(from), file, decryption, from, lease),
    get receivedBytes() {
      return reader.receivedBytes;
    },
  };
}

async function* decrypted(
  segments: AsyncIterable<Uint8Array>,
  file: number,
  decryption: FileDecryption,
  from: number,
  lease: Lease,
): AsyncGenerator<Uint8Array, void, undefined> {
  let k = from;
  for await (const segment of segments) {
    lease.requireLive();
    const plaintext = inFile(file, () => decryption.segment(k, segment));
    k++;
    yield plaintext;
  }
}

function inFile<T>(file: number, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    const message = `file ${file}: ${error.message}: the vault’s storage was altered`;
    throw new TwinlockError(error.code, message, { ...error.detail, file }, { cause: error });
  }
}

/** Encrypted segments, one at a time, out of ranges that may break off anywhere. */
class SegmentReader {
  readonly #api: Api;
  readonly #manifest: Hex;
  readonly #file: number;
  readonly #plainBytes: number;
  readonly #retry: RetryPolicy;
  receivedBytes = 0;

  constructor(api: Api, manifest: Hex, file: number, plainBytes: number, retry: RetryPolicy) {
    this.#api = api;
    this.#manifest = manifest;
    this.#file = file;
    this.#plainBytes = plainBytes;
    this.#retry = retry;
  }

  /** Each segment is good until the next is asked for. */
  async *read(from: number): AsyncGenerator<Uint8Array, void, undefined> {
    const count = segmentCount(this.#plainBytes);
    const patience = new Patience(this.#retry);
    for (let k = from; k < count; ) {
      try {
        for await (const segment of this.#range(k, Math.min(k + RANGE_SEGMENTS, count))) {
          k++;
          patience.progress();
          yield segment;
        }
      } catch (error) {
        // The lease's end cancels it.
        await patience.wait(error, MAX_DURATION_MS);
      }
    }
  }

  async *#range(from: number, to: number): AsyncGenerator<Uint8Array, void, undefined> {
    const first = segmentSpan(from, this.#plainBytes);
    const last = segmentSpan(to - 1, this.#plainBytes);
    const pieces = await this.#api.weights(this.#manifest, this.#file, first.offset, last.offset + last.bytes);
    const buffer = new Uint8Array(FLOE_WEIGHTS.encryptedSegmentBytes);
    let k = from;
    let filled = 0;
    for await (const piece of pieces) {
      this.receivedBytes += piece.length;
      for (let at = 0; at < piece.length; ) {
        const { bytes } = segmentSpan(k, this.#plainBytes);
        const taken = Math.min(bytes - filled, piece.length - at);
        buffer.set(piece.subarray(at, at + taken), filled);
        at += taken;
        filled += taken;
        if (filled < bytes) continue;
        k++;
        filled = 0;
        yield buffer.subarray(0, bytes);
      }
    }
  }
}
