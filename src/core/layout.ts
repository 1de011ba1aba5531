import type { ByteReader } from './byte-reader.ts';
import { TwinlockError } from './errors.ts';

/** How the bytes of a field are read; `zeros` must be zero, `unread` may be anything. */
type FieldType = 'bytes' | keyof Integers | 'zeros' | 'unread';
/** The offset, the length and the type of a field: a line of the table in the format's specification. */
type Field = readonly [offset: number, length: number, type: FieldType];
/** The fields of a structure in order, by name. The offsets count from the beginning of the structure. */
export type Layout = Readonly<Record<string, Field>>;

/** Integers without a sign, by their bits and the order of their bytes. */
interface Integers {
  readonly u8: number;
  readonly u16le: number;
  readonly u16be: number;
  readonly u24le: number;
  readonly u32le: number;
  readonly u32be: number;
  readonly u64le: bigint;
  readonly u64be: bigint;
}
interface FieldValues extends Integers {
  readonly bytes: Uint8Array;
  readonly zeros: null;
  readonly unread: null;
}
export type FieldsOf<L extends Layout> = { readonly [Name in keyof L]: FieldValues[L[Name][2]] };

/**
 * Reads the fields of a layout, which follow each other without a gap, from where `reader` stands. Throws `malformed` as
 * the reader does, and `internal` for a layout that has a gap, or an integer of another length than its type's.
 */
export function readLayout<const L extends Layout>(reader: ByteReader, layout: L): FieldsOf<L> {
  const start = reader.offset;
  const fields: Record<string, FieldValues[FieldType]> = {};
  for (const name of Object.keys(layout)) {
    const [offset, length, type] = layout[name] as Field;
    requireOffset(reader.offset - start, offset, name);
    fields[name] = readField(reader, length, type);
    requireOffset(reader.offset - start, offset + length, name);
  }
  return fields as FieldsOf<L>;
}

/** Not `must`, which would build its message for every field of every report. */
function requireOffset(got: number, expected: number, name: string): void {
  if (got === expected) return;
  throw new TwinlockError('internal', `the layout of ${name} expects offset ${expected}, the reader is at ${got}`);
}

function readField(reader: ByteReader, length: number, type: FieldType): FieldValues[FieldType] {
  switch (type) {
    case 'bytes':
      return reader.bytes(length);
    case 'zeros':
      reader.zeros(length);
      return null;
    case 'unread':
      reader.skip(length);
      return null;
    default:
      return reader[type]();
  }
}
