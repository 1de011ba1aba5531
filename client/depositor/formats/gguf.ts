import { must } from '../../../src/core/errors.ts';
import { type ByteSource, quotedName, requireBytes } from './byte-source.ts';
import { Cursor } from './cursor.ts';
import type { Effort } from './effort.ts';

/**
 * GGUF, versions 2 and 3: "GGUF", u32 version, u64 tensors, u64 pairs; the pairs (name, type, value); for each tensor its
 * name, u32 dimensions, as many u64, u32 type, u64 offset; padding to `general.alignment`; the tensors' data, each at
 * its offset from there. Version 3 may be big-endian. A string is u64 length and its bytes.
 */

const MAGIC = 'GGUF';
/** Magic and version. */
const HEAD_BYTES = 8;
const VERSIONS = [2, 3];
const ALIGNMENT_KEY = 'general.alignment';
const DEFAULT_ALIGNMENT = 32;
/** The format's own bounds, and one of an array in an array, which no known file has. */
const MAX_DIMENSIONS = 4;
const MAX_NESTING = 4;
/** A name, a type and a value of a byte; a name, no dimension, a type and an offset. */
const MIN_PAIR_BYTES = 13;
const MIN_TENSOR_BYTES = 24;

const UINT32 = 4;
const STRING = 8;
const ARRAY = 9;
/** Bytes of a value of each type that has always the same. */
const SCALAR_BYTES: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  [UINT32]: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};

/** Elements and bytes of a block of each type (ggml). A type that is not here is not held against its dimensions. */
const BLOCK_OF: Readonly<Record<number, readonly [elements: bigint, bytes: bigint]>> = {
  0: [1n, 4n],
  1: [1n, 2n],
  2: [32n, 18n],
  3: [32n, 20n],
  6: [32n, 22n],
  7: [32n, 24n],
  8: [32n, 34n],
  10: [256n, 84n],
  11: [256n, 110n],
  12: [256n, 144n],
  13: [256n, 176n],
  14: [256n, 210n],
  16: [256n, 66n],
  17: [256n, 74n],
  18: [256n, 98n],
  19: [256n, 50n],
  20: [32n, 18n],
  21: [256n, 110n],
  22: [256n, 82n],
  23: [256n, 136n],
  24: [1n, 1n],
  25: [1n, 2n],
  26: [1n, 4n],
  27: [1n, 8n],
  28: [1n, 8n],
  29: [256n, 56n],
  30: [1n, 2n],
  34: [256n, 54n],
  35: [256n, 66n],
  39: [32n, 17n],
};

/** Reads what a GGUF file says of itself, and holds it against its size. Throws `malformed`. */
export async function requireGguf(source: ByteSource, effort: Effort): Promise<void> {
  const cursor = openHead(source, effort);
  const tensors = cursor.count(MIN_TENSOR_BYTES, 'the tensors’ infos');
  const pairs = cursor.count(MIN_PAIR_BYTES, 'the metadata');
  let alignment = DEFAULT_ALIGNMENT;
  for (let i = 0; i < pairs; i++) {
    await cursor.rest();
    const name = cursor.string();
    const type = cursor.u32();
    if (name === ALIGNMENT_KEY) {
      must(type === UINT32, 'malformed', `${ALIGNMENT_KEY}: expected a u32`);
      alignment = cursor.u32();
      must(alignment > 0, 'malformed', `${ALIGNMENT_KEY}: expected more than 0`);
    } else await skipValue(cursor, type, name, 0);
  }
  // Where the data ends, by what the infos say; known to begin only once all of them have been read.
  let dataBytes = 0n;
  for (let i = 0; i < tensors; i++) {
    await cursor.rest();
    const end = readTensorEnd(cursor);
    if (end > dataBytes) dataBytes = end;
  }
  if (dataBytes === 0n) return;
  const dataAt = Math.ceil(cursor.at / alignment) * alignment;
  requireBytes(source, BigInt(dataAt) + dataBytes, 'the data of its tensors');
}

/** Version 3 says by its own bytes which way round numbers are. */
function openHead(source: ByteSource, effort: Effort): Cursor {
  requireBytes(source, HEAD_BYTES, 'the version');
  const head = source.read(0, HEAD_BYTES);
  const magic = String.fromCharCode(...head.subarray(0, MAGIC.length));
  must(magic === MAGIC, 'malformed', `no GGUF: expected ${MAGIC} at the beginning, got ${quotedName(magic)}`);
  const view = new DataView(head.buffer, head.byteOffset);
  const [little, big] = [view.getUint32(MAGIC.length, true), view.getUint32(MAGIC.length, false)];
  const isLittleEndian = VERSIONS.includes(little);
  must(
    isLittleEndian || VERSIONS.includes(big),
    'malformed',
    `expected GGUF of version ${VERSIONS.join(' or ')}, got ${little}`,
  );
  return new Cursor(source, effort, HEAD_BYTES, isLittleEndian);
}

async function skipValue(cursor: Cursor, type: number, name: string, depth: number): Promise<void> {
  await cursor.rest();
  const bytes = SCALAR_BYTES[type];
  if (bytes !== undefined) cursor.skip(bytes);
  else if (type === STRING) cursor.skipString();
  else {
    must(
      type === ARRAY && depth < MAX_NESTING,
      'malformed',
      `metadata ${quotedName(name)}: expected a known type, got ${type}`,
    );
    const of = cursor.u32();
    const each = SCALAR_BYTES[of];
    const length = cursor.count(each ?? 8, `metadata ${quotedName(name)}`);
    if (each !== undefined) cursor.skip(each * length);
    else for (let i = 0; i < length; i++) await skipValue(cursor, of, name, depth + 1);
  }
}

/** Where the data of the next tensor ends, from the beginning of all data. */
function readTensorEnd(cursor: Cursor): bigint {
  const name = cursor.string();
  const dimensions = cursor.u32();
  must(
    dimensions <= MAX_DIMENSIONS,
    'malformed',
    `tensor ${quotedName(name)}: expected at most ${MAX_DIMENSIONS} dimensions, got ${dimensions}`,
  );
  let elements = 1n;
  for (let i = 0; i < dimensions; i++) elements *= cursor.u64();
  const [blockElements, blockBytes] = BLOCK_OF[cursor.u32()] ?? [1n, 0n];
  must(
    elements % blockElements === 0n,
    'malformed',
    `tensor ${quotedName(name)}: expected blocks of ${blockElements} elements, got ${elements} elements`,
  );
  return cursor.u64() + (elements / blockElements) * blockBytes;
}
