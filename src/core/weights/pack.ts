import { FLOE_WEIGHTS, plaintextSegmentBytes } from './floe.ts';

const MAX_PACKED_BYTES = plaintextSegmentBytes();
const OVERHEAD_BYTES = FLOE_WEIGHTS.encryptedSegmentBytes - MAX_PACKED_BYTES;

/** The place of a small file's only segment. */
export interface PackedFile {
  /** Its number in the manifest. */
  readonly file: number;
  /** The number of files before it in the pack. Its leaf is at 32 bytes for each of them. */
  readonly place: number;
  /** The offset of its segment, from the start of the pack. */
  readonly offset: number;
  /** The length of its encrypted segment. */
  readonly bytes: number;
}

/** Whether a file is in the pack: every file of one segment but the inner manifest. */
export function isPacked(file: number, plainBytes: number): boolean {
  return file > 0 && plainBytes <= MAX_PACKED_BYTES;
}

/** The pack of a version: the segments of its small files one after another, in the order of their numbers. */
export interface Pack {
  readonly files: readonly PackedFile[];
  /** The length of the pack; 0 where there is no small file. */
  readonly bytes: number;
  /** Null for a file that is not in it. */
  of(file: number): PackedFile | null;
}

/** Lays out the pack for files of these plaintext lengths, the inner manifest first. */
export function packOf(sizes: readonly number[]): Pack {
  const files: PackedFile[] = [];
  const places = new Map<number, PackedFile>();
  let offset = 0;
  for (const [file, plainBytes] of sizes.entries()) {
    if (!isPacked(file, plainBytes)) continue;
    const packed = { file, place: files.length, offset, bytes: plainBytes + OVERHEAD_BYTES };
    files.push(packed);
    places.set(file, packed);
    offset += packed.bytes;
  }
  return { files, bytes: offset, of: (file) => places.get(file) ?? null };
}
