import type { BlobStore } from '../vault/ports.ts';
import { type BlobFolders, placeIn } from './blob-place.ts';
import { Exclusion } from './exclusion.ts';
import { type FileSystem, nodeFiles } from './files.ts';
import { uploadBlobs } from './upload-blobs.ts';
import { versionBlobs } from './version-blobs.ts';

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
