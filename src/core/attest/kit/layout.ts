import { must } from '../../errors.ts';
import type { ByteReader } from './byte-reader.ts';

/** How the bytes of a field are read; `zeros` must be zero, `unread` may be anything. */
type FieldType = 'bytes' | 'u8' | 'u16le' | 'u32le' | 'u64le' | 'zeros' | 'unread';
/** Where a field begins, how many bytes it has, and what it is. */
type Field = readonly [offset: number, length: number, type: FieldType];
export type Layout = Readonly<Record<string, Field>>;

interface Values {
  readonly bytes: Uint8Array;
  readonly u8: number;
  readonly u16le: number;
  readonly u32le: number;
  readonly u64le: bigint;
  readonly zeros: null;
  readonly unread: null;
}
export type Fields<L extends Layout> = { readonly [Name in keyof L]: Values[L[Name][2]] };

/**
 * Reads the fields of a layout, which follow each other without a gap, from where `reader` stands. Throws `malformed` as
 * the reader does, and `internal` for a layout that has a gap.
 */
export function readLayout<const L extends Layout>(reader: ByteReader, layout: L): Fields<L> {
  const start = reader.offset;
  const fields = Object.entries(layout).map(([name, field]) => {
    must(reader.offset - start === field[0], 'internal', `the layout does not say what is before ${name}`);
    return [name, readField(reader, field)];
  });
  return Object.fromEntries(fields) as Fields<L>;
}

function readField(reader: ByteReader, [, length, type]: Field): Values[FieldType] {
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
