import type { ByteSource } from '../../../../client/depositor/formats/byte-source.ts';
import { concat, utf8 } from '../../../../src/core/bytes.ts';

/** Model files that the repository makes itself, whole ones and such as are not. */

export function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    bytes: bytes.length,
    read: (offset, length) => {
      if (offset < 0 || offset + length > bytes.length) throw new RangeError('read beyond the file');
      return bytes.slice(offset, offset + length);
    },
  };
}

/** `header` as it is, with as many bytes of data after it. */
export function safetensors(header: object | string, dataBytes: number): Uint8Array {
  const text = utf8(typeof header === 'string' ? header : JSON.stringify(header));
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(text.length), true);
  return concat(new Uint8Array(length.buffer), text, new Uint8Array(dataBytes));
}

/** F32 tensors of one dimension, one after the other. */
export function tensorsOf(sizes: Readonly<Record<string, number>>): { header: object; dataBytes: number } {
  let at = 0;
  const header = Object.fromEntries(
    Object.entries(sizes).map(([name, elements]) => {
      const begin = at;
      at += elements * 4;
      return [name, { dtype: 'F32', shape: [elements], data_offsets: [begin, at] }];
    }),
  );
  return { header, dataBytes: at };
}

export function wholeSafetensors(sizes: Readonly<Record<string, number>>): Uint8Array {
  const { header, dataBytes } = tensorsOf(sizes);
  return safetensors({ __metadata__: { format: 'pt' }, ...header }, dataBytes);
}

/** Writes GGUF in either order of bytes. */
export class GgufWriter {
  readonly #parts: Uint8Array[] = [];
  readonly #isLittleEndian: boolean;

  constructor(isLittleEndian = true) {
    this.#isLittleEndian = isLittleEndian;
  }

  ascii(text: string): this {
    this.#parts.push(utf8(text));
    return this;
  }

  u32(value: number): this {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, value, this.#isLittleEndian);
    this.#parts.push(new Uint8Array(view.buffer));
    return this;
  }

  u64(value: number | bigint): this {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(value), this.#isLittleEndian);
    this.#parts.push(new Uint8Array(view.buffer));
    return this;
  }

  string(text: string): this {
    return this.u64(utf8(text).length).ascii(text);
  }

  bytes(count: number): this {
    this.#parts.push(new Uint8Array(count));
    return this;
  }

  get length(): number {
    return this.#parts.reduce((sum, part) => sum + part.length, 0);
  }

  done(): Uint8Array {
    return concat(...this.#parts);
  }
}

/** A GGUF with a value of each kind, an array of texts and one of arrays, and two tensors: F32 of 4 × 2 and Q4_0 of 64. */
export function wholeGguf(isLittleEndian = true, alignment = 64): Uint8Array {
  const file = new GgufWriter(isLittleEndian).ascii('GGUF').u32(3).u64(2).u64(6);
  file.string('general.architecture').u32(8).string('llama');
  file.string('general.alignment').u32(4).u32(alignment);
  file.string('a.bool').u32(7).bytes(1);
  file.string('tokens').u32(9).u32(8).u64(3).string('a').string('').string('\u00e9');
  file.string('scores').u32(9).u32(6).u64(3).bytes(12);
  file.string('nested').u32(9).u32(9).u64(1).u32(4).u64(2).u32(1).u32(2);
  file.string('norm').u32(2).u64(4).u64(2).u32(0).u64(0);
  file.string('weights').u32(1).u64(64).u32(2).u64(alignment);
  file.bytes(Math.ceil(file.length / alignment) * alignment - file.length);
  return file.bytes(alignment + 2 * 18).done();
}
