import type { Hex } from '../../src/core/bytes.ts';
import { fromBase64url, fromHex } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { MAX_DURATION_MS } from '../../src/core/schema.ts';
import { decryptFile } from '../../src/core/weights/file.ts';
import { FLOE_WEIGHTS, segmentSpan } from '../../src/core/weights/floe.ts';
import { plainBytes } from '../../src/core/weights/manifest.ts';
import { platformBulkCrypto } from '../../src/platform/aead.ts';
import type { Api } from '../api/api.ts';
import { Patience, type RetryPolicy, withRetry } from '../api/retry.ts';
import type { Lease } from './clock.ts';
import type { OpenedRelease } from './open-release.ts';
import type { SegmentRun } from './part-file.ts';

/** Segments of one request: what a broken connection can cost of the release's budget is a small part of it. */
const RANGE_SEGMENTS = 32;

/** A segment of a file, its leaf and its tag checked. */
interface Segment {
  readonly k: number;
  readonly plaintext: Uint8Array;
}

/** A file of a release, as its plaintext comes out. */
export interface FileSource {
  /** In the manifest; 0 is the inner manifest. */
  readonly file: number;
  readonly plainBytes: number;
  /**
   * The plaintext of these segments, in no order: one that is wrong on arrival comes when it has been fetched again.
   */
  plaintext(wanted: readonly SegmentRun[]): AsyncGenerator<Segment, void, undefined>;
  /** Bytes of ciphertext that have been received. */
  readonly receivedBytes: number;
}

/**
 * Opens a file for reading: fetches its leaves and checks them against the manifest's root. `api` has the host's
 * token. Reading goes on after broken connections, from the segment that was cut off. What is not of the manifest is
 * fetched once more, by itself. Throws `digest_mismatch` where it is wrong again, and `ciphertext_invalid`, naming file
 * and segment (`name` is for the message), `unavailable` once the vault has not been reached for as long as `retry`
 * says, `lease_over` once the lease is over by this host's clock, and the vault's codes: `release_revoked`,
 * `budget_exceeded`.
 */
export async function openSource(
  api: Api,
  release: OpenedRelease & { readonly lease: Lease },
  file: number,
  retry: RetryPolicy,
  name = `file ${file}`,
): Promise<FileSource> {
  const { manifestDigest: manifest, core, releaseKey, lease } = release;
  const entry = core.files[file];
  must(entry !== undefined, 'manifest_mismatch', `the version has no file ${file}`);
  const bytes = plainBytes(entry);
  const weights = { releaseKey, context: fromHex(core.ctx), index: file, plainBytes: bytes };
  const open = async () => {
    const leaves = await withRetry(retry, () => api.leaves(manifest, file), MAX_DURATION_MS);
    lease.requireLive();
    const ciphertext = { header: fromBase64url(entry.header), root: fromHex(entry.root), leaves };
    return decryptFile(weights, ciphertext, platformBulkCrypto);
  };
  const decryption = await open().catch((error: unknown) => {
    if (!isMismatch(error)) throw wrongIn(error, name, { file });
    return open().catch((again: unknown) => {
      throw wrongIn(again, name, { file });
    });
  });
  const reader = new SegmentReader(api, manifest, file, bytes, retry);
  /** Null for one that is not of the manifest, unless it has been fetched again. */
  const decrypt = ({ k, bytes: encrypted }: FetchedSegment, isAgain: boolean): Segment | null => {
    lease.requireLive();
    try {
      return { k, plaintext: decryption.segment(k, encrypted) };
    } catch (error) {
      if (!isAgain && isMismatch(error)) return null;
      throw wrongIn(error, name, { file, segment: k });
    }
  };
  return {
    file,
    plainBytes: bytes,
    plaintext: (wanted) => decrypted(reader, wanted, decrypt),
    get receivedBytes() {
      return reader.receivedBytes;
    },
  };
}

async function* decrypted(
  reader: SegmentReader,
  wanted: readonly SegmentRun[],
  decrypt: (segment: FetchedSegment, isAgain: boolean) => Segment | null,
): AsyncGenerator<Segment, void, undefined> {
  for (const range of rangesOf(wanted)) {
    const wrong: SegmentRun[] = [];
    for await (const encrypted of reader.read(range)) {
      const segment = decrypt(encrypted, false);
      if (segment === null) wrong.push({ from: encrypted.k, to: encrypted.k + 1 });
      else yield segment;
    }
    for (const one of wrong) {
      for await (const encrypted of reader.read(one)) yield decrypt(encrypted, true) as Segment;
    }
  }
}

/** Ranges of at most `RANGE_SEGMENTS`, in order. */
function* rangesOf(runs: readonly SegmentRun[]): Generator<SegmentRun> {
  for (const { from, to } of runs) {
    for (let k = from; k < to; k += RANGE_SEGMENTS) yield { from: k, to: Math.min(k + RANGE_SEGMENTS, to) };
  }
}

/** Damage on the way or in the vault's storage: what is fetched again may be right. A tag that is wrong stays so. */
function isMismatch(error: unknown): boolean {
  return error instanceof TwinlockError && error.code === 'digest_mismatch';
}

function wrongIn(error: unknown, name: string, detail: { readonly file: number; readonly segment?: number }): unknown {
  const isWrong =
    error instanceof TwinlockError && ['digest_mismatch', 'ciphertext_invalid', 'malformed'].includes(error.code);
  if (!isWrong) return error;
  const twice = isMismatch(error) ? ', fetched twice' : '';
  const message = `${name}: ${error.message}${twice}: the vault’s storage was altered`;
  return new TwinlockError(error.code, message, { ...error.detail, ...detail }, { cause: error });
}

interface FetchedSegment {
  readonly k: number;
  readonly bytes: Uint8Array;
}

/** Encrypted segments, one at a time, out of ranges that may break off anywhere. */
class SegmentReader {
  readonly #api: Api;
  readonly #manifest: Hex;
  readonly #file: number;
  readonly #plainBytes: number;
  readonly #retry: RetryPolicy;
  receivedBytes = 0;

  constructor(api: Api, manifestDigest: Hex, file: number, plainBytes: number, retry: RetryPolicy) {
    this.#api = api;
    this.#manifest = manifestDigest;
    this.#file = file;
    this.#plainBytes = plainBytes;
    this.#retry = retry;
  }

  /** The segments of a range, in order; the bytes of each are good until the next is asked for. */
  async *read({ from, to }: SegmentRun): AsyncGenerator<FetchedSegment, void, undefined> {
    const patience = new Patience(this.#retry);
    for (let k = from; k < to; ) {
      try {
        for await (const bytes of this.#range(k, to)) {
          patience.progress();
          yield { k: k++, bytes };
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
