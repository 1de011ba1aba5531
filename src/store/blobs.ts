import { join } from 'node:path';
import type { Hex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import { HASH_BYTES } from '../core/log/merkle.ts';
import { digest, id } from '../core/schema.ts';
import { FLOE_WEIGHTS, segmentCount, segmentSpan } from '../core/weights/floe.ts';
import { MAX_FILES } from '../core/weights/manifest.ts';
import type { PackedFile } from '../core/weights/pack.ts';
import { platformBulkCrypto } from '../platform/aead.ts';
import type { BlobName, BlobStore } from '../vault/ports.ts';
import { Exclusion } from './exclusion.ts';
import { onDisk } from './failure.ts';
import { type FileSystem, nodeFiles, type OpenFile } from './files.ts';
import { cutPack, cutSegments } from './segments.ts';

/** Bytes that `read` holds at a time: enough for a fast disk, and few enough for many hosts at once. */
const READ_BYTES = 512 * 1024;
const LEAVES_BYTES = 64 * 1024;
/** Small files are gathered to be written at once; the longest is 1,048,608 bytes. */
const PACK_WRITE_BYTES = FLOE_WEIGHTS.encryptedSegmentBytes;

export interface BlobFolders {
  readonly uploads: string;
  readonly versions: string;
}

type Part = Parameters<BlobStore['storePart']>[3];
type PackPart = Parameters<BlobStore['storePack']>[1];

/** Ciphertext leaves this much of the disk to the log: a stop must always find room. */
export const RESERVED_BYTES: number = 1 << 30;

/**
 * The ciphertext store on two folders that exist; see FORMAT.md for their layout. Offsets are those of
 * `segmentSpan`, from the start of the header on. The header is in the manifest: the 74 bytes in its place read
 * as zeros.
 *
 * Beyond what the port says: ids and numbers are checked before they touch a path (`malformed`). `storePart`
 * expects that the segments before `first` are stored (`storage_corrupt`) and that nothing from it on is
 * acknowledged. What is being written or sealed is not written at the same time (`upload_conflict`), nor swept.
 * `seal` throws `storage_corrupt` where the upload is gone and the version is not there.
 */
export function folderBlobs(folders: BlobFolders, files: FileSystem = nodeFiles): BlobStore {
  const place = placeIn(folders);
  const exclusion = new Exclusion();
  return { ...uploadBlobs(folders, files, place, exclusion), ...versionBlobs(folders, files, place, exclusion) };
}

/** Where the files of an upload and of a version are. Ids are checked before they touch a path. */
interface Place {
  upload(upload: Hex): string;
  version(manifestDigest: Hex): string;
}

function placeIn({ uploads, versions }: BlobFolders): Place {
  return {
    upload(upload) {
      must(id.safeParse(upload).success, 'malformed', 'expected the id of an upload, 32 hexadecimal digits');
      return join(uploads, upload);
    },
    version(manifestDigest) {
      must(digest.safeParse(manifestDigest).success, 'malformed', 'expected a manifest digest, 64 hexadecimal digits');
      return join(versions, manifestDigest);
    },
  };
}

type UploadBlobs = Pick<BlobStore, 'storePart' | 'storePack' | 'cut' | 'room' | 'uploadLeaves'>;

function uploadBlobs(folders: BlobFolders, files: FileSystem, place: Place, exclusion: Exclusion): UploadBlobs {
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

function versionBlobs(
  folders: BlobFolders,
  files: FileSystem,
  place: Place,
  exclusion: Exclusion,
): Omit<BlobStore, keyof UploadBlobs> {
  return {
    seal: async (upload, manifestDigest, blobs) => {
      const [from, to] = [place.upload(upload), place.version(manifestDigest)];
      const isOfVersion = namesOf(blobs);
      return exclusion.sealing(upload, manifestDigest, () =>
        onDisk(async () => {
          await moveDurably(files, from, to, isOfVersion);
          await files.syncFolder(folders.versions);
          await files.syncFolder(folders.uploads);
        }),
      );
    },

    read: (manifestDigest, file, start, end) => {
      const path = join(place.version(manifestDigest), fileName(file));
      const isRange = Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end;
      must(isRange, 'range_not_satisfiable', 'expected a range of bytes');
      return readRange(files, path, start, end);
    },

    async *leaves(manifestDigest, file, leaf) {
      const path = join(place.version(manifestDigest), fileName(file));
      if (leaf === undefined) yield* readLeaves(files, path);
      else yield* readRange(files, leavesPath(path), leaf * HASH_BYTES, (leaf + 1) * HASH_BYTES);
    },

    sweep: (uploads, manifests) =>
      exclusion.sweeping((touched) =>
        onDisk(async () => {
          const isKept = (known: readonly Hex[]) => {
            const kept = new Set(known);
            return (name: string) => kept.has(name) || touched.has(name);
          };
          const dropped = await sweepFolder(files, folders.uploads, id, isKept(uploads));
          return dropped + (await sweepFolder(files, folders.versions, digest, isKept(manifests)));
        }),
      ),
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

function fileName(file: BlobName): string {
  if (file === 'pack') return file;
  const isFile = Number.isSafeInteger(file) && file >= 0 && file < MAX_FILES;
  must(isFile, 'malformed', `expected the number of a file, below ${MAX_FILES}`);
  return String(file);
}

const leavesPath = (path: string): string => `${path}.leaves`;

/** The content of a version's folder: its files and their sidecars. */
function namesOf(blobs: readonly BlobName[]): (name: string) => boolean {
  const names = new Set(blobs.map(fileName).flatMap((name) => [name, leavesPath(name)]));
  return (name) => names.has(name);
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

/** By one rename, after all that is in it has been synced; done already where only the target is there. */
async function moveDurably(
  files: FileSystem,
  from: string,
  to: string,
  isOfVersion: (name: string) => boolean,
): Promise<void> {
  const names = await files.names(from);
  if (names === null) {
    must((await files.names(to)) !== null, 'storage_corrupt', 'the upload is gone, and the version is not there');
    return;
  }
  for (const name of names) {
    if (!isOfVersion(name)) {
      await files.remove(join(from, name));
      continue;
    }
    const file = await files.openToWrite(join(from, name));
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await files.syncFolder(from);
  await files.rename(from, to);
}

async function* readRange(files: FileSystem, path: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  const file = await onDisk(() => files.openToRead(path));
  must(file !== null, 'storage_corrupt', 'a file of the version is missing');
  try {
    const size = await onDisk(() => file.size());
    must(size >= end, 'storage_corrupt', `a file of the version has ${size} bytes, expected ${end} at least`);
    for (let at = start; at < end; at += READ_BYTES) {
      const chunk = new Uint8Array(Math.min(READ_BYTES, end - at));
      const length = await onDisk(() => file.read(chunk, at));
      must(length === chunk.length, 'storage_corrupt', 'a file of the version became shorter while it was read');
      yield chunk;
    }
  } finally {
    // Also where the reader went away in the middle.
    await onDisk(() => file.close());
  }
}

/** A whole sidecar, 32 bytes for each MiB of weights, in pieces that take no time to hash. */
async function* readLeaves(files: FileSystem, path: string): AsyncGenerator<Uint8Array> {
  const file = await onDisk(() => files.openToRead(leavesPath(path)));
  must(file !== null, 'storage_corrupt', 'the leaves of a file are missing');
  try {
    const size = await onDisk(() => file.size());
    for (let at = 0; at < size; at += LEAVES_BYTES) {
      const piece = new Uint8Array(Math.min(LEAVES_BYTES, size - at));
      const length = await onDisk(() => file.read(piece, at));
      must(length === piece.length, 'storage_corrupt', 'the leaves of a file became fewer while they were read');
      yield piece;
    }
  } finally {
    await onDisk(() => file.close());
  }
}

/** Names that are no ids of ours are left alone: a mounted disk has its own folders. */
async function sweepFolder(
  files: FileSystem,
  folder: string,
  pattern: typeof id,
  isKept: (name: string) => boolean,
): Promise<number> {
  let removed = 0;
  for (const name of (await files.names(folder)) ?? []) {
    if (!pattern.safeParse(name).success || isKept(name)) continue;
    await files.remove(join(folder, name));
    removed++;
  }
  if (removed > 0) await files.syncFolder(folder);
  return removed;
}
