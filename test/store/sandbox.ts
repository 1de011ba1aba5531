import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { BlobFolders } from '../../src/store/blob-place.ts';

/** A folder that goes when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function blobFolders(): BlobFolders {
  const folder = temporaryFolder();
  const folders = { uploads: join(folder, 'uploads'), versions: join(folder, 'versions') };
  for (const path of Object.values(folders)) mkdirSync(path);
  return folders;
}
