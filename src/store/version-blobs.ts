import { join } from 'node:path';
import type { Hex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import { HASH_BYTES } from '../core/log/merkle.ts';
import { digest, id } from '../core/schema.ts';
import type { BlobName, BlobStore } from '../vault/ports.ts';
import { type BlobFolders, type BlobPlace, fileName, leavesPath } from './blob-place.ts';
import { readLeaves, readRange } from './blob-reads.ts';
import type { Exclusion } from './exclusion.ts';
import { onDisk } from './failure.ts';
import type { FileSystem } from './files.ts';
import type { UploadBlobs } from './upload-blobs.ts';

/** The part of the ciphertext store that seals, reads and sweeps versions. */
export function versionBlobs(
  folders: BlobFolders,
  files: FileSystem,
  place: BlobPlace,
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

/** The content of a version's folder: its files and their sidecars. */
function namesOf(blobs: readonly BlobName[]): (name: string) => boolean {
  const names = new Set(blobs.map(fileName).flatMap((name) => [name, leavesPath(name)]));
  return (name) => names.has(name);
}

/** Moves a folder by one rename, after a sync of all files in it. If only the target is there, it was moved before. */
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
