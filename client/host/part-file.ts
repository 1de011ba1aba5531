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
export interface Run {
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
  wanted(): readonly Run[] {
    const runs: Run[] = [];
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
    await this.#mark(k, MARKED);
  }

  /** Has everything written to the disk, and returns the SHA-256 of what can be read there. */
  async readBack(): Promise<Hex> {
    // One that was cut short has zeros again where it was cut.
    await this.#file.truncate(this.plainBytes + this.#marksBytes);
    await this.#file.sync();
    const hash = createHash('sha256');
    await readThrough(this.#file, this.plainBytes, (bytes) => hash.update(bytes));
    return hash.digest('hex');
  }

  /** What is not on the disk as it was written is wanted again. Returns the first such segment, or null. */
  async forgetDamaged(): Promise<number | null> {
    let first: number | null = null;
    let k = 0;
    const states = this.#states.slice();
    await readThrough(this.#file, this.plainBytes, (bytes) => {
      if (states[k] !== WANTED && crc32(bytes) !== this.#checksums[k]) {
        first ??= k;
        states[k] = WANTED;
      }
      k++;
    });
    for (const [at, state] of states.entries()) if (state !== this.#states[at]) await this.#forget(at);
    return first;
  }

  /** What an earlier run has written is wanted again. Returns whether there was any. */
  async forgetKept(): Promise<boolean> {
    let isAny = false;
    for (let k = 0; k < this.segments; k++) {
      if (this.#states[k] !== KEPT) continue;
      await this.#forget(k);
      isAny = true;
    }
    return isAny;
  }

  /** Ends it as the file that it was written for. Everything has been read back. */
  async place(path: string, { mode, gid }: FileAccess): Promise<void> {
    await this.#file.truncate(this.plainBytes);
    if (gid !== null) await this.#file.chown(-1, gid);
    await this.#file.chmod(mode);
    await this.#file.sync();
    await rename(this.#path, path);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #load(): Promise<void> {
    await this.#file.chmod(0o600);
    const { size } = await this.#file.stat();
    const marksBytes = this.#marksBytes;
    // An earlier run ended after it had read back everything, and before it renamed it.
    if (size === this.plainBytes && size > 0) await this.#keepAll();
    else if (size === this.plainBytes + marksBytes) await this.#keepMarked(marksBytes);
    else await this.#file.truncate(0);
    await this.#file.truncate(this.plainBytes + marksBytes);
  }

  async #keepAll(): Promise<void> {
    let k = 0;
    await readThrough(this.#file, this.plainBytes, (bytes) => {
      this.#checksums[k] = crc32(bytes);
      this.#states[k++] = KEPT;
    });
  }

  async #keepMarked(marksBytes: number): Promise<void> {
    const marks = Buffer.alloc(marksBytes);
    await readAll(this.#file, marks, this.plainBytes);
    for (let k = 0; k < marksBytes / MARK_BYTES; k++) {
      this.#checksums[k] = marks.readUInt32BE(k * MARK_BYTES + 4);
      this.#states[k] = marks.readUInt32BE(k * MARK_BYTES) === MARKED ? KEPT : WANTED;
    }
    await this.forgetDamaged();
  }

  async #forget(k: number): Promise<void> {
    this.#states[k] = WANTED;
    await this.#mark(k, 0);
  }

  async #mark(k: number, mark: number): Promise<void> {
    if (this.#marksBytes === 0) return;
    const bytes = Buffer.alloc(MARK_BYTES);
    bytes.writeUInt32BE(mark);
    bytes.writeUInt32BE(this.#checksums[k] ?? 0, 4);
    await this.#writeAll(bytes, this.plainBytes + k * MARK_BYTES);
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
