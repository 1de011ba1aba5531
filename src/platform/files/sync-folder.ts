import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { namingPath, systemName } from './system-error.ts';

const FLAGS = constants.O_RDONLY | constants.O_DIRECTORY;
/** The error codes of file systems that cannot make a folder durable, such as a share of another machine. */
const NO_SUCH_THING: ReadonlySet<string | null> = new Set(['EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/** Makes the names of a folder's files durable. Their bytes must be durable by then. Throws what the system says. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, FLAGS);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** `syncFolder` for what runs before a daemon serves. Throws as `namingPath`. */
export function syncFolderNow(path: string): void {
  namingPath(path, () => {
    const folder = openSync(path, FLAGS);
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  });
}

/** `syncFolder` where the file system can do it: clients also write to folders of other machines. */
export async function syncFolderIfAble(path: string): Promise<void> {
  try {
    await syncFolder(path);
  } catch (error) {
    if (!NO_SUCH_THING.has(systemName(error))) throw error;
  }
}
