import { join } from 'node:path';
import { must } from '../core/errors.ts';
import { HASH_BYTES } from '../core/log/merkle.ts';
import { FLOE_WEIGHTS, segmentCount, segmentSpan } from '../core/weights/floe.ts';
import type { PackedFile } from '../core/weights/pack.ts';
import { platformBulkCrypto } from '../platform/aead.ts';
import type { BlobStore } from '../vault/ports.ts';
import { type BlobFolders, type BlobPlace, fileName, leavesPath } from './blob-place.ts';
import { readLeaves } from './blob-reads.ts';
import type { Exclusion } from './exclusion.ts';
import { onDisk } from './failure.ts';
import type { FileSystem, OpenFile } from './files.ts';
import { cutPack, cutSegments } from './segments.ts';

/** Small files are gathered to be written at once; the longest is 1,048,608 bytes. */
const PACK_WRITE_BYTES = FLOE_WEIGHTS.encryptedSegmentBytes;

type Part = Parameters<BlobStore['storePart']>[3];
type PackPart = Parameters<BlobStore['storePack']>[1];

/** Ciphertext leaves this much of the disk to the log: a stop must always find room. */
export const RESERVED_BYTES: number = 1 << 30;

export type UploadBlobs = Pick<BlobStore, 'storePart' | 'storePack' | 'cut' | 'room' | 'uploadLeaves'>;

/** The part of the ciphertext store that writes uploads. */
export function uploadBlobs(
  folders: BlobFolders,
  files: FileSystem,
  place: BlobPlace,
  exclusion: Exclusion,
): UploadBlobs {
  return {
    storePart: async (upload, file, first, part) => {
      const folder = place.upload(upload);
      const name = fileName(file);
      return exclusion.writing(upload, file, () =>
        onDisk(async () => {
          // Before anything is cut off: a part that cannot be of this file leaves no trace.
          requireSegment(first, part);
          await requireRoom(files, folders.uploads);
          await files.makeFolder(folder);
          const segments = await withBoth(files, join(folder, name), (data, sidecar) =>
            writePart(data, sidecar, first, part),
          );
          if (first === 0) await files.syncFolder(folder);
          if (first === 0) await files.syncFolder(folders.uploads);
          return segments;
        }),
      );
    },

    storePack: async (upload, part) => {
      const folder = place.upload(upload);
      return exclusion.writing(upload, 'pack', () =>
        onDisk(async () => {
          await requireRoom(files, folders.uploads);
          await files.makeFolder(folder);
          const stored = await withBoth(files, join(folder, fileName('pack')), (data, sidecar) =>
            writePack(data, sidecar, part),
          );
          if (part.storedBytes === 0) await files.syncFolder(folder);
          if (part.storedBytes === 0) await files.syncFolder(folders.uploads);
          return stored;
        }),
      );
    },

    cut: async (upload, file, bytes) => {
      const [folder, name] = [place.upload(upload), fileName(file)];
      return exclusion.writing(upload, file, () =>
        onDisk(async () => {
          if ((await files.names(folder))?.includes(name) !== true) return;
          const data = await files.openToWrite(join(folder, name));
          try {
            await data.truncate(bytes);
            await data.sync();
          } finally {
            await data.close();
          }
        }),
      );
    },

    room: () => onDisk(async () => (await files.freeBytes(folders.uploads)) - RESERVED_BYTES),

    async *uploadLeaves(upload, file) {
      yield* readLeaves(files, join(place.upload(upload), fileName(file)));
    },
  };
}

function requireSegment(first: number, { plainBytes }: Part): void {
  const count = segmentCount(plainBytes);
  const isSegment = Number.isSafeInteger(first) && first >= 0 && first < count;
  must(isSegment, 'malformed', `expected a segment below ${count}, got ${first}`);
}

async function requireRoom(files: FileSystem, folder: string): Promise<void> {
  const free = await files.freeBytes(folder);
  const message = `expected ${RESERVED_BYTES} bytes of disk to be left for the log, got ${free}: make room`;
  must(free > RESERVED_BYTES, 'storage_full', message);
}

async function withBoth<T>(
  files: FileSystem,
  path: string,
  act: (data: OpenFile, sidecar: OpenFile) => Promise<T>,
): Promise<T> {
  const data = await files.openToWrite(path);
  try {
    const sidecar = await files.openToWrite(leavesPath(path));
    try {
      return await act(data, sidecar);
    } finally {
      await sidecar.close();
    }
  } finally {
    await data.close();
  }
}

async function writePart(data: OpenFile, sidecar: OpenFile, first: number, part: Part): Promise<number> {
  const dataBytes = segmentSpan(first, part.plainBytes).offset;
  const leafBytes = first * HASH_BYTES;
  const isThere = first === 0 || ((await data.size()) >= dataBytes && (await sidecar.size()) >= leafBytes);
  must(isThere, 'storage_corrupt', `segments before ${first} were acknowledged, and are not on the disk`);
  // From here on each leaf belongs to the segment beside it.
  await sidecar.truncate(leafBytes);

  let end = dataBytes;
  const leaves: Uint8Array[] = [];
  for await (const { offset, bytes } of cutSegments(part.body, first, part)) {
    const written = data.write(bytes, offset);
    leaves.push(platformBulkCrypto.leafHash(bytes));
    await written;
    end = offset + bytes.length;
  }
  // An earlier part, which was not acknowledged, may have been longer.
  await data.truncate(end);
  await data.sync();
  await sidecar.write(Buffer.concat(leaves), leafBytes);
  await sidecar.sync();
  return first + leaves.length;
}

/** Small files lie side by side, so they are written together, and nothing beside them is cut off. */
async function writePack(data: OpenFile, sidecar: OpenFile, part: PackPart): Promise<number> {
  const isThere = (await data.size()) >= part.storedBytes;
  must(isThere, 'storage_corrupt', 'small files were acknowledged, and are not on the disk');
  const gathered = new Uint8Array(PACK_WRITE_BYTES);
  const leaves: Uint8Array[] = [];
  let start = 0;
  let filled = 0;
  for await (const { offset, bytes } of cutPack(part.body, part.files)) {
    if (filled + bytes.length > gathered.length) {
      await data.write(gathered.subarray(0, filled), start);
      filled = 0;
    }
    if (filled === 0) start = offset;
    gathered.set(bytes, filled);
    filled += bytes.length;
    leaves.push(platformBulkCrypto.leafHash(bytes));
  }
  await data.write(gathered.subarray(0, filled), start);
  // A file that was begun anew may have had more bytes.
  await data.truncate(part.pack.bytes);
  await data.sync();
  await sidecar.write(Buffer.concat(leaves), (part.files[0] as PackedFile).place * HASH_BYTES);
  await sidecar.truncate(part.pack.files.length * HASH_BYTES);
  await sidecar.sync();
  return leaves.length;
}
