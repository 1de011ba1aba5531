import type { Hex } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import type { Api } from '../api.ts';
import { Patience, type RetryPolicy, withRetry } from '../retry.ts';

/** Larger parts only hold memory: two are there at a time. */
const MAX_PART_SEGMENTS = 16;
/** Longer than a vault keeps an upload: one that has its depositor wait costs them nothing that is stored. */
export const UPLOAD_HELD_FOR_MS: number = 8 * 24 * 60 * 60_000;

/**
 * Sends encrypted segments, file after file, in parts, while the next part is being made. What the vault has
 * acknowledged is on its disk; what it has not is sent again, the same bytes, after a broken connection or a
 * restart of the daemon.
 */
export class Uploader {
  readonly #api: Api;
  readonly #upload: Hex;
  readonly #partSegments: number;
  readonly #retry: RetryPolicy;
  #file = 0;
  /** Segments of this file that are in parts that have been, or are being, sent. */
  #sent = 0;
  #segments: Uint8Array[] = [];
  #underWay: Promise<void> = Promise.resolve();

  constructor(api: Api, { upload, partSegments }: { upload: Hex; partSegments: number }, retry: RetryPolicy) {
    this.#api = api;
    this.#upload = upload;
    this.#partSegments = Math.max(1, Math.min(partSegments, MAX_PART_SEGMENTS));
    this.#retry = retry;
  }

  /** Begins a file; the one before has been ended. */
  begin(file: number): void {
    this.#file = file;
    this.#sent = 0;
  }

  /** Takes the file's next segment. Resolves once there is room for another. */
  async add(segment: Uint8Array): Promise<void> {
    this.#segments.push(segment);
    if (this.#segments.length === this.#partSegments) await this.#flush();
  }

  /** Ends a file: what there is of it is on its way. */
  async end(): Promise<void> {
    if (this.#segments.length > 0) await this.#flush();
  }

  /** Resolves once the vault has everything on disk. */
  async finish(): Promise<void> {
    await this.#underWay;
  }

  async #flush(): Promise<void> {
    const part = { file: this.#file, first: this.#sent, segments: this.#segments };
    this.#sent += part.segments.length;
    this.#segments = [];
    await this.#underWay;
    this.#underWay = this.#send(part);
    // The next `await` of it throws the error again. This keeps Node from calling it unhandled until then.
    this.#underWay.catch(() => undefined);
  }

  async #send({ file, first, segments }: { file: number; first: number; segments: Uint8Array[] }): Promise<void> {
    const end = first + segments.length;
    const patience = new Patience(this.#retry);
    for (let stored = first; stored < end; ) {
      const rest = segments.slice(stored - first);
      try {
        stored = await this.#api.putPart(this.#upload, file, stored, rest);
      } catch (error) {
        await patience.wait(transient(error), UPLOAD_HELD_FOR_MS);
        stored = await this.#acknowledged(file);
      }
      const isOfThisPart = stored >= first && stored <= end;
      must(isOfThisPart, 'upload_conflict', `file ${file}: expected ${first} to ${end} segments stored, got ${stored}`);
    }
  }

  async #acknowledged(file: number): Promise<number> {
    const { segments } = await withRetry(this.#retry, () => this.#api.upload(this.#upload), UPLOAD_HELD_FOR_MS);
    const stored = segments[file];
    must(stored !== undefined, 'upload_conflict', `the vault has no file ${file} in this upload`);
    return stored;
  }
}

/** What was sent before may still be being written: then the vault is out of step for a moment. */
function transient(error: unknown): unknown {
  const isOutOfStep = error instanceof TwinlockError && error.code === 'upload_conflict';
  return isOutOfStep ? new TwinlockError('unavailable', error.message, error.detail, { cause: error }) : error;
}
