import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Hex } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { plaintextSegmentBytes, segmentCount } from '../../src/core/weights/floe.ts';

const SEGMENT_BYTES = plaintextSegmentBytes();
/** u32 1 ‖ u32 CRC-32 of a segment's plaintext, big-endian; zeros for a segment that has not been written. */
const MARK_BYTES = 8;
const MARKED = 1;

// What becomes of a segment
const WANTED = 0;
/** An earlier run wrote it. */
const KEPT = 1;
/** This run wrote it. */
const WRITTEN = 2;

/** Segments `from` to `to`, exclusive. */
export interface SegmentRun {
  readonly from: number;
  readonly to: number;
}

/** What a file is given before it is renamed into place. */
export interface FileAccess {
  /** Permission bits of a file. */
  readonly mode: number;
  /** Group; null for the user's own. */
  readonly gid: number | null;
}

/**
 * A file of a model that is not whole yet: its plaintext, each segment where it belongs, and after the end of it the
 * checksum of each segment that has been written (client/FORMAT.md). A later run keeps what still has its checksum, so
 * that damage costs the segments that it hit. The checksums find damage, and prove nothing: what proves is the SHA-256 of
 * the whole, of what is read back from the disk.
 */
export class PartFile {
  readonly plainBytes: number;
  readonly segments: number;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #checksums: Uint32Array;
  /** By segment: `WANTED`, `KEPT` or `WRITTEN`. */
  readonly #states: Uint8Array;

  private constructor(path: string, file: FileHandle, plainBytes: number) {
    this.#path = path;
    this.#file = file;
    this.plainBytes = plainBytes;
    this.segments = segmentCount(plainBytes);
    this.#checksums = new Uint32Array(this.segments);
    this.#states = new Uint8Array(this.segments);
  }

  /** Opens or creates it, in a folder that no other process or user writes to. */
  static async open(path: string, plainBytes: number): Promise<PartFile> {
    const found = await openOwn(path);
    if (found !== null) return PartFile.#resume(path, found, plainBytes);
    await rm(path, { recursive: true, force: true });
    const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const file = await open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    return PartFile.#resume(path, file, plainBytes);
  }

  static async #resume(path: string, file: FileHandle, plainBytes: number): Promise<PartFile> {
    const part = new PartFile(path, file, plainBytes);
    try {
      await part.#load();
      return part;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Bytes of plaintext that need not be fetched. */
  get keptBytes(): number {
    let bytes = 0;
    for (let k = 0; k < this.segments; k++) if (this.#states[k] !== WANTED) bytes += this.#bytesOf(k);
    return bytes;
  }

  /** The segments that are wanted, ascending. */
  wanted(): readonly SegmentRun[] {
    const runs: SegmentRun[] = [];
    let from: number | null = null;
    for (let k = 0; k <= this.segments; k++) {
      const isWanted = k < this.segments && this.#states[k] === WANTED;
      if (isWanted) from ??= k;
      else if (from !== null) {
        runs.push({ from, to: k });
        from = null;
      }
    }
    return runs;
  }

  async write(k: number, plaintext: Uint8Array): Promise<void> {
    await this.#writeAll(plaintext, k * SEGMENT_BYTES);
    this.#checksums[k] = crc32(plaintext);
    this.#states[k] = WRITTEN;
    await this.#writeMark(k);
  }

  /**
   * Makes it the file that it was written for, but for its place: cuts off the marks, gives it its mode and group, has it
   * written to the disk. Returns the SHA-256 of what can be read there.
   */
  async readBack({ mode, gid }: FileAccess): Promise<Hex> {
    await this.#file.truncate(this.plainBytes);
    if (gid !== null) await this.#file.chown(-1, gid);
    await this.#file.chmod(mode);
    await this.#file.sync();
    const hash = createHash('sha256');
    await readThrough(this.#file, this.plainBytes, (bytes) => hash.update(bytes));
    return hash.digest('hex');
  }

  /** What is not on the disk as it was written is wanted again. Returns the first such segment, or null. */
  async forgetDamaged(): Promise<number | null> {
    let first: number | null = null;
    let k = 0;
    await readThrough(this.#file, this.plainBytes, (bytes) => {
      if (this.#states[k] !== WANTED && crc32(bytes) !== this.#checksums[k]) {
        first ??= k;
        this.#states[k] = WANTED;
      }
      k++;
    });
    await this.#writeMarks();
    return first;
  }

  /** What an earlier run has written is wanted again. Returns whether there was any. */
  async forgetKept(): Promise<boolean> {
    const isAny = this.#states.includes(KEPT);
    for (let k = 0; k < this.segments; k++) if (this.#states[k] === KEPT) this.#states[k] = WANTED;
    await this.#writeMarks();
    return isAny;
  }

  /** Renames it into place, once what was read back is right. */
  async place(path: string): Promise<void> {
    await rename(this.#path, path);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #load(): Promise<void> {
    await this.#file.chmod(0o600);
    const { size } = await this.#file.stat();
    // An earlier run ended when it had cut off the marks, and before it had renamed it.
    if (size === this.plainBytes && size > 0) await this.#keepAll();
    else if (size === this.plainBytes + this.#marksBytes) await this.#keepMarked();
    else await this.#file.truncate(0);
    await this.#file.truncate(this.plainBytes + this.#marksBytes);
  }

  async #keepAll(): Promise<void> {
    let k = 0;
    await readThrough(this.#file, this.plainBytes, (bytes) => {
      this.#checksums[k] = crc32(bytes);
      this.#states[k++] = KEPT;
    });
    await this.#writeMarks();
  }

  async #keepMarked(): Promise<void> {
    const marks = Buffer.alloc(this.#marksBytes);
    await readAll(this.#file, marks, this.plainBytes);
    for (let at = 0; at < marks.length; at += MARK_BYTES) {
      this.#checksums[at / MARK_BYTES] = marks.readUInt32BE(at + 4);
      this.#states[at / MARK_BYTES] = marks.readUInt32BE(at) === MARKED ? KEPT : WANTED;
    }
    await this.forgetDamaged();
  }

  async #writeMarks(): Promise<void> {
    const marks = Buffer.alloc(this.#marksBytes);
    for (let at = 0; at < marks.length; at += MARK_BYTES) {
      if (this.#states[at / MARK_BYTES] !== WANTED) this.#markInto(marks, at, at / MARK_BYTES);
    }
    await this.#writeAll(marks, this.plainBytes);
  }

  async #writeMark(k: number): Promise<void> {
    if (this.#marksBytes === 0) return;
    const mark = Buffer.alloc(MARK_BYTES);
    this.#markInto(mark, 0, k);
    await this.#writeAll(mark, this.plainBytes + k * MARK_BYTES);
  }

  #markInto(marks: Buffer, at: number, k: number): void {
    marks.writeUInt32BE(MARKED, at);
    marks.writeUInt32BE(this.#checksums[k] ?? 0, at + 4);
  }

  async #writeAll(bytes: Uint8Array, position: number): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, position + written);
      written += bytesWritten;
    }
  }

  #bytesOf(k: number): number {
    return Math.min(SEGMENT_BYTES, this.plainBytes - k * SEGMENT_BYTES);
  }

  /** None for a single segment: it is fetched again as soon as a mark of it would be looked at. */
  get #marksBytes(): number {
    return this.segments === 1 ? 0 : this.segments * MARK_BYTES;
  }
}

/** One that an earlier run made; null for anything else that may lie there. */
async function openOwn(path: string): Promise<FileHandle | null> {
  // Not blocking: what lies there may be a pipe without a writer.
  const flags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => null);
  if (file === null) return null;
  const found = await file.stat();
  // A second name of it may be in the hands of another.
  if (found.isFile() && found.nlink === 1) return file;
  await file.close();
  return null;
}

/** Reads `bytes` from the start, a segment at a time; each is good until the next. */
export async function readThrough(
  file: FileHandle,
  bytes: number,
  onPiece: (piece: Uint8Array) => void,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(SEGMENT_BYTES, bytes));
  for (let position = 0; position < bytes; position += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, bytes - position));
    await readAll(file, piece, position);
    onPiece(piece);
  }
}

async function readAll(file: FileHandle, into: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await file.read(into, at, into.length - at, position + at);
    must(bytesRead > 0, 'unavailable', 'a file became shorter while it was read: run the same command again');
    at += bytesRead;
  }
}
