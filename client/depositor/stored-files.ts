import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { u32, utf8 } from '../../src/core/bytes.ts';
import { frame } from '../../src/core/frame.ts';
import { depositMarkKey } from '../../src/core/weights/release-key.ts';
import type { UploadStatus } from '../api/api.ts';
import type { FoundFile } from './found-file.ts';
import type { KeptFile, Unfinished } from './unfinished.ts';

const MARK_BYTES = 16;

/**
 * What the vault has stored of an upload before this process, and how this machine knows that the plaintext is the same:
 * by marks, which depend on the release key, so that they reveal nothing of the plaintext to others.
 */
export class StoredFiles {
  readonly #markKey: KeyObject;
  #status: UploadStatus;
  readonly #unfinished: Unfinished | null;

  /** `unfinished` is of the same upload; null where nothing was kept. `releaseKey` has 64 bytes. */
  constructor(releaseKey: Uint8Array, status: UploadStatus, unfinished: Unfinished | null) {
    this.#markKey = markKeyOf(releaseKey);
    this.#status = status;
    this.#unfinished = unfinished;
  }

  /** Takes the status that the vault gives after a file was started again. */
  update(status: UploadStatus): void {
    this.#status = status;
  }

  /** Whether the upload has the file with another size. */
  isResized(file: number, plainBytes: number): boolean {
    return Number(this.#status.files[file]) !== plainBytes;
  }

  /** The part of a file of `plainBytes` that can stay; null if nothing can stay. */
  of(file: number, plainBytes: number): KeptFile | null {
    const stored = this.#status.segments[file] ?? 0;
    if (stored === 0 || this.isResized(file, plainBytes)) return null;
    const kept = this.#unfinished?.file(file) ?? null;
    if (kept === null || kept.bytes !== plainBytes || kept.segments.length < stored) return null;
    return { ...kept, segments: kept.segments.slice(0, stored) };
  }

  /** Whether the vault has something of the file that has to go before a file of `plainBytes` can come. */
  has(file: number, plainBytes: number): boolean {
    return (this.#status.segments[file] ?? 0) > 0 || this.isResized(file, plainBytes);
  }

  /** The mark of a file's plaintext from its start on, 16 bytes, by its SHA-256. */
  markOf(file: number, digest: Uint8Array): Uint8Array {
    return markBy(this.#markKey, frame('twinlock/v1/deposit-file', u32(file), digest));
  }
}

/** The mark of the paths of a deposit's files, in their order. */
export function markOfPaths(releaseKey: Uint8Array, files: readonly FoundFile[]): Uint8Array {
  return markBy(markKeyOf(releaseKey), frame('twinlock/v1/deposit-paths', ...files.map(({ path }) => utf8(path))));
}

function markKeyOf(releaseKey: Uint8Array): KeyObject {
  return createSecretKey(depositMarkKey(releaseKey));
}

function markBy(markKey: KeyObject, of: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha256', markKey).update(of).digest().subarray(0, MARK_BYTES));
}
