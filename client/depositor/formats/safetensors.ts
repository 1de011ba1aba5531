import * as z from 'zod/mini';
import { counted } from '../../../src/core/counted.ts';
import { must } from '../../../src/core/errors.ts';
import { parseAs } from '../../../src/core/schema.ts';
import { type ByteSource, quotedName, requireBytes } from './byte-source.ts';
import type { Effort } from './effort.ts';
import { membersOf, parseMember } from './json-members.ts';

/**
 * safetensors: u64 little-endian N; N bytes of JSON that begin with `{`, padded with spaces; the tensors' data, each
 * at `data_offsets` [begin, end) from byte 8 + N on, without holes or overlaps, to the end of the file.
 */

const LENGTH_BYTES = 8;
/** The format's own bound. */
const MAX_HEADER_BYTES = 100_000_000;
const OPENING_BRACE = 0x7b;
const METADATA = '__metadata__';

const count = z.int().check(z.gte(0));
/** Other members are ignored, as readers of the format do. */
const tensorSchema = z.object({ dtype: z.string(), shape: z.array(count), data_offsets: z.tuple([count, count]) });
const metadataSchema = z.record(z.string(), z.string());

/** The bits of one element. The check skips the shape of a type that is not here. */
const BITS_OF: Readonly<Record<string, number>> = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  I64: 64,
  U64: 64,
  F64: 64,
  C64: 64,
};

interface Tensor {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

/** The tensors that a file names and holds. */
export interface Safetensors {
  readonly tensors: ReadonlySet<string>;
  readonly dataBytes: number;
}

/** Reads the header of a safetensors file and holds it against the file's size. Throws `malformed`. */
export async function readSafetensors(source: ByteSource, effort: Effort): Promise<Safetensors> {
  requireBytes(source, LENGTH_BYTES, 'the length of the header');
  const lengthBytes = source.read(0, LENGTH_BYTES);
  const length = new DataView(lengthBytes.buffer, lengthBytes.byteOffset).getBigUint64(0, true);
  must(
    length <= MAX_HEADER_BYTES,
    'malformed',
    `no safetensors: expected a header of at most ${MAX_HEADER_BYTES} bytes, got ${length}`,
  );
  const dataAt = LENGTH_BYTES + Number(length);
  requireBytes(source, dataAt, 'the header');
  const dataBytes = source.bytes - dataAt;
  const tensors = await parseHeader(source.read(LENGTH_BYTES, Number(length)), effort);
  requireWhole(tensors, dataAt, source);
  return { tensors: new Set(tensors.map(({ name }) => name)), dataBytes };
}

async function parseHeader(bytes: Uint8Array, effort: Effort): Promise<readonly Tensor[]> {
  must(bytes[0] === OPENING_BRACE, 'malformed', 'expected a header that begins with {');
  const tensors: Tensor[] = [];
  for await (const member of membersOf(bytes, effort)) {
    if (member.name === METADATA) parseAs(metadataSchema, parseMember(member), METADATA);
    else tensors.push(tensorOf(member.name, parseMember(member)));
  }
  return tensors;
}

function tensorOf(name: string, value: unknown): Tensor {
  const { dtype, shape, data_offsets } = parseAs(tensorSchema, value, `header[${quotedName(name)}]`);
  const [begin, end] = data_offsets;
  must(begin <= end, 'malformed', `tensor ${quotedName(name)}: its data ends before it begins`);
  const bits = BITS_OF[dtype];
  const expected = bits === undefined ? null : (shape.reduce((product, side) => product * side, 1) * bits) / 8;
  must(
    expected === null || expected === end - begin,
    'malformed',
    `tensor ${quotedName(name)}: expected ${expected} bytes by its type and shape, got ${end - begin}`,
  );
  return { name, begin, end };
}

function requireWhole(tensors: readonly Tensor[], dataAt: number, source: ByteSource): void {
  const sorted = tensors.toSorted((a, b) => a.begin - b.begin || a.end - b.end);
  const last = sorted.reduce((end, tensor) => Math.max(end, tensor.end), 0);
  requireBytes(source, dataAt + last, 'the data of its tensors');
  let at = 0;
  for (const { name, begin, end } of sorted) {
    must(begin >= at, 'malformed', `tensor ${quotedName(name)}: its data overlaps another’s`);
    must(
      begin <= at,
      'malformed',
      `tensor ${quotedName(name)}: ${counted(begin - at, 'byte')} before its data that no tensor has`,
    );
    at = end;
  }
  const rest = source.bytes - dataAt - at;
  must(rest === 0, 'malformed', `${counted(rest, 'byte')} after the data of its tensors that no tensor has`);
}
