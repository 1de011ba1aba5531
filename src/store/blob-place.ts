import { join } from 'node:path';
import type { Hex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import { digest, id } from '../core/schema.ts';
import { MAX_FILES } from '../core/weights/manifest.ts';
import type { BlobName } from '../vault/ports.ts';

export interface BlobFolders {
  readonly uploads: string;
  readonly versions: string;
}

/** The folders of an upload and of a version. Ids are checked before they touch a path: `malformed`. */
export interface BlobPlace {
  upload(upload: Hex): string;
  version(manifestDigest: Hex): string;
}

export function placeIn({ uploads, versions }: BlobFolders): BlobPlace {
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

/** The name of a file in the folder of its upload or version. Throws `malformed` for no number of a file. */
export function fileName(file: BlobName): string {
  if (file === 'pack') return file;
  const isFile = Number.isSafeInteger(file) && file >= 0 && file < MAX_FILES;
  must(isFile, 'malformed', `expected the number of a file, below ${MAX_FILES}`);
  return String(file);
}

/** The path of the sidecar, which holds the leaf hashes of a file. */
export const leavesPath = (path: string): string => `${path}.leaves`;
