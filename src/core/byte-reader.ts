import { counted } from './counted.ts';
import { must } from './errors.ts';

/**
 * Walks the fields of attacker-controlled bytes in order. Every read throws `malformed`, naming `what` and the
 * offset, where the bytes end before the field; `end` throws where bytes are left over.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #offset = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** The bytes that are left. They count as unread. A view, not a copy. */
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.#offset);
  }

  /** The next `count` bytes: a view, not a copy. */
  bytes(count: number): Uint8Array {
    const start = this.#offset;
    const isThere = Number.isSafeInteger(count) && count >= 0 && count <= this.remaining;
    must(isThere, 'malformed', `${this.#what}: expected ${count} bytes at offset ${start}, got ${this.remaining}`);
    this.#offset = start + count;
    return this.#bytes.subarray(start, start + count);
  }

  skip(count: number): void {
    this.bytes(count);
  }

  /** Bytes that the specification says are zero. */
  zeros(count: number): void {
    const start = this.#offset;
    const at = this.bytes(count).findIndex((byte) => byte !== 0);
    must(at < 0, 'malformed', `${this.#what}: expected a zero byte at offset ${start + at}`);
  }

  u8(): number {
    return this.#view(1).getUint8(0);
  }

  u16le(): number {
    return this.#view(2).getUint16(0, true);
  }

  u16be(): number {
    return this.#view(2).getUint16(0, false);
  }

  u24le(): number {
    const view = this.#view(3);
    return view.getUint16(0, true) + view.getUint8(2) * 0x1_0000;
  }

  u32le(): number {
    return this.#view(4).getUint32(0, true);
  }

  u32be(): number {
    return this.#view(4).getUint32(0, false);
  }

  u64le(): bigint {
    return this.#view(8).getBigUint64(0, true);
  }

  u64be(): bigint {
    return this.#view(8).getBigUint64(0, false);
  }

  end(): void {
    must(
      this.remaining === 0,
      'malformed',
      `${this.#what}: expected the end, got ${counted(this.remaining, 'byte')} after it at offset ${this.#offset}`,
    );
  }

  #view(count: number): DataView {
    const { buffer, byteOffset } = this.bytes(count);
    return new DataView(buffer, byteOffset, count);
  }
}
