import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncFolderNow } from '../platform/files/sync-folder.ts';
import { namingPath } from '../platform/files/system-error.ts';
import type { BlobStore, FoundingStore, LogStore, UploadStore } from '../vault/ports.ts';
import { folderBlobs } from './blobs.ts';
import { FOLDER_MODE } from './files.ts';
import { loadDriver, openDatabase } from './sqlite/database.ts';
import { sqliteFounding } from './sqlite/founding.ts';
import { sqliteLog } from './sqlite/log.ts';
import { sqliteUploads } from './sqlite/uploads.ts';

/** The log and what lies beside it; see FORMAT.md. */
export const DATABASE_FILE = 'vault.sqlite';

export interface Store {
  readonly log: LogStore;
  readonly founding: FoundingStore;
  readonly uploads: UploadStore;
  readonly blobs: BlobStore;
  /** Gives the data folder free. No call may be under way. */
  close(): void;
}

/**
 * Opens or makes a data folder (see FORMAT.md) and holds it alone. Throws `in_use` where another process
 * or another store of this one has it, what `openDatabase` throws, and as `systemError`, for the operator.
 */
export function openStore(dataDir: string): Store {
  namingPath(dataDir, () => {
    const created = mkdirSync(dataDir, { recursive: true, mode: FOLDER_MODE });
    if (created !== undefined) syncFolderNow(dirname(created));
  });
  const database = openDatabase(join(dataDir, DATABASE_FILE));
  try {
    const folders = { uploads: join(dataDir, 'uploads'), versions: join(dataDir, 'versions') };
    for (const folder of Object.values(folders)) {
      namingPath(folder, () => void mkdirSync(folder, { recursive: true, mode: FOLDER_MODE }));
    }
    syncFolderNow(dataDir);
    return {
      log: sqliteLog(database),
      founding: sqliteFounding(database),
      uploads: sqliteUploads(database),
      blobs: folderBlobs(folders),
      close: () => {
        database.close();
      },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Reads what the program's own folder has for `openStore`. For a process that is about to become a user who may not
 * read it there.
 */
export function loadStore(): void {
  loadDriver();
}
