import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, statfs } from 'node:fs/promises';
import { syncFolder } from '../platform/files/sync-folder.ts';

export const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** An open file. Nothing is durable before `sync`; `close` only gives the descriptor back. */
export interface OpenFile {
  /** Bytes. */
  size(): Promise<number>;
  /** Fills `into` from byte `at` on, or as far as the file goes, and returns how many bytes that were. */
  read(into: Uint8Array, at: number): Promise<number>;
  /** Writes all of `bytes` from byte `at` on; a gap before it reads as zeros. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  truncate(bytes: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The file system for the blob store. Tests replace it to let calls fail. */
export interface FileSystem {
  /** Null where there is no such file. */
  openToRead(path: string): Promise<OpenFile | null>;
  /** Creates the file (mode 0600) where there is none, and keeps what is in it. */
  openToWrite(path: string): Promise<OpenFile>;
  /** Mode 0700. Its parent must exist; does nothing where it exists itself. */
  makeFolder(path: string): Promise<void>;
  /** Null where there is no such folder. */
  names(folder: string): Promise<readonly string[] | null>;
  /** Makes what was created, renamed or removed in the folder durable. */
  syncFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Bytes that may still be written to the folder's disk. */
  freeBytes(folder: string): Promise<number>;
  /** A file, or a folder with all that is in it. */
  remove(path: string): Promise<void>;
}

// A link in the data folder is none of ours: the vault does not serve or overwrite what it points to.
const TO_READ = constants.O_RDONLY | constants.O_NOFOLLOW;
const TO_WRITE = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;

export const nodeFiles: FileSystem = {
  openToRead: async (path) => {
    const handle = await orNullIfAbsent(open(path, TO_READ));
    return handle === null ? null : openFile(handle);
  },
  openToWrite: async (path) => openFile(await open(path, TO_WRITE, FILE_MODE)),
  makeFolder: async (path) => {
    await mkdir(path, { recursive: true, mode: FOLDER_MODE });
  },
  names: (folder) => orNullIfAbsent(readdir(folder)),
  syncFolder,
  rename,
  freeBytes: async (folder) => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
  remove: (path) => rm(path, { recursive: true, force: true }),
};

async function orNullIfAbsent<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function openFile(handle: FileHandle): OpenFile {
  return {
    size: async () => (await handle.stat()).size,
    read: async (into, at) => {
      let done = 0;
      while (done < into.length) {
        const { bytesRead } = await handle.read(into, done, into.length - done, at + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    },
    write: async (bytes, at) => {
      let done = 0;
      while (done < bytes.length) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
        done += bytesWritten;
      }
    },
    truncate: (bytes) => handle.truncate(bytes),
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}
