import { must } from '../../../src/core/errors.ts';
import { type ByteSource, requireBytes } from './byte-source.ts';
import { COST, type Effort } from './effort.ts';

/** Read at a time: headers are walked in small steps. */
const WINDOW_BYTES = 1 << 20;
/** Far longer than any name; what is longer is skipped, never held. */
const MAX_NAME_BYTES = 1 << 16;

/** Real headers are below 50 MiB, most of it words of a tokenizer. */
const MAX_HEADER_BYTES = 256 << 20;
/**
 * Numbers and texts. The largest known vocabularies have 262,144 words, and twice as many merges: 1.6 million by this
 * count. A tensor has nine, and the largest models some 200,000 tensors.
 */
const MAX_PARTS = 1 << 23;

/** Walks through the header of a file, holding 1 MiB of it. Throws `malformed` where the file ends first. */
export class Cursor {
  readonly #source: ByteSource;
  readonly #effort: Effort;
  readonly #isLittleEndian: boolean;
  readonly #maxParts: number;
  #at: number;
  #parts = 0;
  #window: Uint8Array = new Uint8Array(0);
  #windowAt = 0;

  constructor(source: ByteSource, effort: Effort, at: number, isLittleEndian: boolean, maxParts = MAX_PARTS) {
    this.#source = source;
    this.#effort = effort;
    this.#maxParts = maxParts;
    this.#at = at;
    this.#isLittleEndian = isLittleEndian;
  }

  /** How many bytes lie before it. */
  get at(): number {
    return this.#at;
  }

  /** To be called in every loop, as `Effort.rest`. */
  async rest(): Promise<void> {
    await this.#effort.rest();
  }

  u32(): number {
    return this.#view(4).getUint32(0, this.#isLittleEndian);
  }

  u64(): bigint {
    return this.#view(8).getBigUint64(0, this.#isLittleEndian);
  }

  /** A u64 that says how many things follow, of `bytes` each or more: no more than fit the file. */
  count(bytes: number, what: string): number {
    const count = this.u64();
    requireBytes(this.#source, BigInt(this.#at) + count * BigInt(bytes), what);
    return Number(count);
  }

  string(): string {
    const length = this.count(1, 'a name');
    must(length <= MAX_NAME_BYTES, 'malformed', `expected names of at most ${MAX_NAME_BYTES} bytes, got ${length}`);
    return new TextDecoder().decode(this.#take(length));
  }

  skipString(): void {
    this.skip(this.count(1, 'a text'));
  }

  skip(length: number): void {
    this.#at += length;
    requireBytes(this.#source, this.#at, 'the header');
    must(this.#at <= MAX_HEADER_BYTES, 'malformed', `expected a header of at most ${MAX_HEADER_BYTES} bytes`);
    this.#effort.spend(COST.part);
    const isFew = ++this.#parts <= this.#maxParts;
    must(
      isFew,
      'malformed',
      `expected a header of at most ${this.#maxParts} numbers and texts: no known model has so many`,
    );
  }

  #view(length: number): DataView {
    const bytes = this.#take(length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  #take(length: number): Uint8Array {
    const from = this.#at;
    this.skip(length);
    const isHeld = from >= this.#windowAt && this.#at <= this.#windowAt + this.#window.length;
    if (!isHeld) {
      this.#windowAt = from;
      this.#window = this.#source.read(from, Math.min(Math.max(length, WINDOW_BYTES), this.#source.bytes - from));
    }
    return this.#window.subarray(from - this.#windowAt, this.#at - this.#windowAt);
  }
}
