import type { Hex } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { FLOE_WEIGHTS } from '../../src/core/weights/floe.ts';
import type { Api, UploadStatus } from '../api/api.ts';
import { Patience, type RetryPolicy, withRetry } from '../api/retry.ts';
import type { KeptPart, KeptSegment } from './unfinished.ts';

/** Larger parts only hold memory: two are there at a time. */
const MAX_PART_SEGMENTS = 16;
const MAX_SEGMENT_BYTES = FLOE_WEIGHTS.encryptedSegmentBytes;
/** Small files of one part: what the vault, and this machine's own notes, write in one transaction. */
const MAX_PART_FILES = 1024;
/** Longer than a vault keeps an upload: one that has its depositor wait costs them nothing that is stored. */
export const UPLOAD_HELD_FOR_MS: number = 8 * 24 * 60 * 60_000;

interface UploadSegment extends KeptSegment {
  readonly bytes: Uint8Array;
}

/** A file as it is encrypted. */
interface UploadFile {
  readonly file: number;
  /** The length of the plaintext. */
  readonly bytes: number;
  readonly header: Uint8Array;
  /** Segments that the vault has stored before; those that are added come after them. */
  readonly stored: number;
}

/** A small file, encrypted. */
interface EncryptedSmallFile {
  readonly file: number;
  /** In the pack: files that are next to each other there go together. */
  readonly place: number;
  /** The length of the plaintext. */
  readonly bytes: number;
  readonly header: Uint8Array;
  readonly segment: UploadSegment;
}

/**
 * Sends encrypted segments, file after file, in parts, while the next part is being made. What the vault has
 * acknowledged is on its disk; what it has not is sent again, the same bytes, after a broken connection or a
 * restart of the daemon. `keep` is called with each part before it is sent.
 */
export class Uploader {
  readonly #api: Api;
  readonly #upload: Hex;
  readonly #partSegments: number;
  readonly #retry: RetryPolicy;
  readonly #keep: (parts: readonly KeptPart[]) => void;
  #turn: number;
  #file: UploadFile | null = null;
  /** Segments of this file that are stored, or in parts that have been, or are being, sent. */
  #sent = 0;
  #segments: UploadSegment[] = [];
  #small: EncryptedSmallFile[] = [];
  #smallBytes = 0;
  #underWay: Promise<void> = Promise.resolve();

  constructor(
    api: Api,
    { upload, turn, partSegments }: Pick<UploadStatus, 'upload' | 'turn' | 'partSegments'>,
    retry: RetryPolicy,
    keep: (parts: readonly KeptPart[]) => void = () => undefined,
  ) {
    this.#api = api;
    this.#upload = upload;
    this.#turn = turn;
    this.#keep = keep;
    this.#partSegments = Math.max(1, Math.min(partSegments, MAX_PART_SEGMENTS));
    this.#retry = retry;
  }

  /** Takes a small file; it goes with those before and after it. Resolves once there is room for another. */
  async addSmall(small: EncryptedSmallFile): Promise<void> {
    const isNext = this.#small.at(-1)?.place === small.place - 1 && this.#small.length < MAX_PART_FILES;
    const isFit = this.#smallBytes + small.segment.bytes.length <= this.#partSegments * MAX_SEGMENT_BYTES;
    if (!isNext || !isFit) await this.endSmall();
    this.#small.push(small);
    this.#smallBytes += small.segment.bytes.length;
  }

  /** What there is of small files is on its way. */
  async endSmall(): Promise<void> {
    const files = this.#small;
    if (files.length === 0) return;
    this.#small = [];
    this.#smallBytes = 0;
    const parts = files.map(({ file, bytes, header, segment }) => ({
      file,
      bytes,
      header,
      first: 0,
      segments: [segment],
    }));
    await this.#next(parts, () => this.#sendSmall(files));
  }

  /** Begins a file; the one before has been ended. */
  begin(file: UploadFile): void {
    this.#file = file;
    this.#sent = file.stored;
  }

  /**
   * Has the vault forget what it has stored of a file, which has `bytes` of plaintext now. Returns what it has then.
   */
  async restart(file: number, bytes: number): Promise<UploadStatus> {
    // What is under way is of the turn that ends.
    await this.#underWay;
    const status = await withRetry(
      this.#retry,
      async () => {
        // Also where the answer to the attempt before was lost.
        const { turn: current } = await this.#api.takeUploadOver(this.#upload);
        return this.#api.restartFile(this.#upload, file, { turn: current, bytes: String(bytes) });
      },
      UPLOAD_HELD_FOR_MS,
    );
    this.#turn = status.turn;
    return status;
  }

  /** Takes the file's next segment. Resolves once there is room for another. */
  async add(segment: UploadSegment): Promise<void> {
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
    must(this.#file !== null, 'internal', 'no file has been begun');
    const part = { ...this.#file, first: this.#sent, segments: this.#segments };
    this.#sent += part.segments.length;
    this.#segments = [];
    await this.#next([part], () => this.#send(part));
  }

  /** One part is under way at a time. */
  async #next(parts: readonly KeptPart[], send: () => Promise<void>): Promise<void> {
    await this.#underWay;
    this.#keep(parts);
    this.#underWay = send();
    // The next `await` of it throws the error again. This keeps Node from calling it unhandled until then.
    this.#underWay.catch(() => undefined);
  }

  async #send({ file, first, segments }: { file: number; first: number; segments: UploadSegment[] }): Promise<void> {
    const end = first + segments.length;
    const patience = new Patience(this.#retry);
    for (let stored = first; stored < end; ) {
      const rest = segments.slice(stored - first).map(({ bytes }) => bytes);
      try {
        stored = await this.#api.putPart(this.#upload, file, stored, rest, this.#turn);
      } catch (error) {
        await patience.wait(transient(error), UPLOAD_HELD_FOR_MS);
        stored = await this.#acknowledged(file);
      }
      const isOfThisPart = stored >= first && stored <= end;
      must(isOfThisPart, 'upload_conflict', `file ${file}: expected ${first} to ${end} segments stored, got ${stored}`);
    }
  }

  /** The vault stores all of a part, or nothing. */
  async #sendSmall(files: readonly EncryptedSmallFile[]): Promise<void> {
    const [{ file }] = files as readonly [EncryptedSmallFile];
    const bytes = files.map(({ segment }) => segment.bytes);
    const patience = new Patience(this.#retry);
    for (let stored = 0; stored === 0; ) {
      try {
        stored = await this.#api.putPart(this.#upload, file, 0, bytes, this.#turn);
      } catch (error) {
        await patience.wait(transient(error), UPLOAD_HELD_FOR_MS);
        stored = await this.#acknowledged(file);
      }
    }
  }

  async #acknowledged(file: number): Promise<number> {
    const { segments, turn } = await withRetry(this.#retry, () => this.#api.upload(this.#upload), UPLOAD_HELD_FOR_MS);
    must(turn === this.#turn, 'upload_conflict', 'another process has taken this upload over: leave it to that one');
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
